# The engine that `execution: job` runs in the cluster, one pod for each source shard. Build it anew with each version of
# this project, and name it in the config:
#   docker build --tag registry.example.com/dedup-shards:1 .
#   pulumi config set --path job.image registry.example.com/dedup-shards:1
FROM node:22-alpine AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci --ignore-scripts
COPY migration migration
# Compiled once, here: a compiler in each pod would take 80 MiB of its memory, and time at its start.
RUN npx tsc --noEmit false --rootDir migration --outDir compiled
RUN cp -r migration/adapters/lua compiled/adapters/
RUN npm prune --omit=dev --ignore-scripts

FROM node:22-alpine
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/compiled migration
USER 65532:65532
ENTRYPOINT ["node", "migration/entrypoints/engine-runner.js"]
