# Two images from one file:
#   --target service   backend or monitor: no PyTorch in it
#   (default)          worker; also runs all of Pegbox in one container
# Which PyTorch the worker gets is the builder's choice:
#   --build-arg TORCH_INDEX_URL=<index of a CPU or CUDA build>   as PyTorch's own installation page names them
#   --build-arg TORCH_SPEC=torch==2.13.0
# Without them it is what pip finds for requirements/torch.txt; on Linux x86-64 that is a CUDA build, which runs on CPU too.
ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim AS requirements
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PATH=/opt/pegbox/bin:$PATH
WORKDIR /src
RUN python -m venv /opt/pegbox
COPY requirements requirements
RUN pip install --require-hashes -r requirements/base.txt

FROM requirements AS train-requirements
ARG TORCH_SPEC="-r requirements/torch.txt"
ARG TORCH_INDEX_URL=""
# TORCH_SPEC may be several words.
# hadolint ignore=SC2086,DL3013
RUN pip install ${TORCH_INDEX_URL:+--index-url "$TORCH_INDEX_URL"} $TORCH_SPEC \
 && pip install --require-hashes -r requirements/quantize.txt

# The wheel, with the dashboard built into it; Node comes and goes with the build.
FROM requirements AS wheel
COPY . .
RUN pip wheel --no-deps --wheel-dir /wheel .

FROM requirements AS service-packages
RUN --mount=type=bind,from=wheel,source=/wheel,target=/wheel pip install --no-deps /wheel/*.whl

FROM train-requirements AS worker-packages
RUN --mount=type=bind,from=wheel,source=/wheel,target=/wheel pip install --no-deps /wheel/*.whl

FROM python:${PYTHON_VERSION}-slim AS base
ENV PATH=/opt/pegbox/bin:$PATH PYTHONUNBUFFERED=1 PEGBOX_HOME=/data PEGBOX_HOST=0.0.0.0 HF_HOME=/data/hub
RUN useradd --uid 10001 --create-home pegbox && install -d -o pegbox -g pegbox /data
USER 10001
WORKDIR /data
VOLUME /data

FROM base AS service
COPY --from=service-packages /opt/pegbox /opt/pegbox
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/api/health', timeout=4)"]
CMD ["python", "-m", "pegbox.cli.serve", "backend", "0.0.0.0", "8000"]

FROM base AS worker
COPY --from=worker-packages /opt/pegbox /opt/pegbox
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as r; [r.urlopen(f'http://127.0.0.1:{p}/api/health', timeout=4) for p in (8000, 8001)]"]
CMD ["pegbox", "up", "--host", "0.0.0.0"]
