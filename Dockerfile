FROM python:3.11-slim
WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e . \
    && useradd --system --home /data lianqin && mkdir -p /data && chown lianqin /data
USER lianqin
VOLUME /data
ENTRYPOINT []
CMD ["lianqin", "--help"]
