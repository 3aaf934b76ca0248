# The engine that `execution: job` runs in the cluster, one pod for each source shard. Build it anew with each version of
# this project, and name it in the config:
#   docker build --tag registry.example.com/dedup-shards:1 .
#   pulumi config set --path job.image registry.example.com/dedup-shards:1
FROM node:22-alpine
WORKDIR /app
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci --omit=dev --ignore-scripts
COPY migration migration
USER 65532:65532
ENTRYPOINT ["node", "-r", "ts-node/register/transpile-only", "migration/entrypoints/engine-runner.ts"]
