// The example of the published API, with only import and address changed, and as many GPUs as any machine has.
import { Client as SparkTrainerClient } from "@pegbox/sdk";

const client = new SparkTrainerClient({
  baseUrl: process.env.PEGBOX_URL,
  apiKey: "your-api-key",
});

// Submit a job
const job = await client.jobs.create({
  name: "my-training-job",
  command: process.env.COMMAND,
  gpuCount: 0,
});

// Stream metrics
client.jobs.streamMetrics(job.id, (metrics) => {
  console.log(`Step ${metrics.step}: loss=${metrics.loss}`);
});
