// Real-time training monitoring
class TrainingMonitor {
  constructor(jobId) {
    this.jobId = jobId;
    this.ws = new WebSocket(`ws://127.0.0.1:8001/ws/training/${jobId}`);
    this.setupEventHandlers();
  }

  setupEventHandlers() {
    this.ws.onmessage = (event) => {
      const data = JSON.parse(event.data);
      this.updateUI(data);
    };

    this.ws.onerror = (error) => {
      console.error('WebSocket error:', error);
      this.fallbackToPolling();
    };
  }

  updateUI(data) {
    document.getElementById('current-loss').textContent = data.training.train_loss.toFixed(4);
    document.getElementById('gpu-usage').textContent = `${data.resources.gpu_percent.toFixed(1)}%`;
    document.getElementById('progress').style.width = `${(data.iteration / data.total) * 100}%`;
  }

  async fallbackToPolling() {
    setInterval(async () => {
      try {
        const response = await fetch(`http://127.0.0.1:8001/api/training/summary`);
        const data = await response.json();
        this.updateUI({
          training: { train_loss: data.current_train_loss },
          resources: { gpu_percent: data.gpu_utilization },
          iteration: data.current_iteration,
          total: 230
        });
      } catch (error) {
        console.error('Polling error:', error);
      }
    }, 3000);
  }
}

// Initialize monitoring
const monitor = new TrainingMonitor('job_123');
