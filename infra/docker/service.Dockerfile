# One image for every service: the command says which one runs. Node 24 runs the sources; only the pages are built.
# The manifests alone, so that a change of a source file installs nothing: only their content counts in the next stage.
FROM node:24-bookworm-slim AS sources
WORKDIR /sources
COPY . .
RUN mkdir /manifests && find . -name package.json -not -path '*/node_modules/*' -exec cp --parents {} /manifests \; \
 && cp -r pnpm-lock.yaml pnpm-workspace.yaml .npmrc patches /manifests

FROM node:24-bookworm-slim AS manifests
WORKDIR /lepton
ENV COREPACK_ENABLE_DOWNLOAD_PROMPT=0
RUN corepack enable
COPY --from=sources /manifests ./

FROM manifests AS dependencies
RUN --mount=type=cache,target=/root/.local/share/pnpm/store \
    pnpm install --prod --frozen-lockfile --ignore-scripts --package-import-method=copy \
      --filter './services/*' --filter './packages/common' --filter './packages/contracts' --filter './packages/events' --filter './packages/shop' --filter './infra/setup'

# The pages, built once: only their files go on into the image.
FROM manifests AS web
RUN --mount=type=cache,target=/root/.local/share/pnpm/store \
    pnpm install --frozen-lockfile --ignore-scripts --package-import-method=copy --filter '@lepton/web...'
COPY tsconfig.json ./
COPY packages/client packages/client
COPY packages/contracts packages/contracts
COPY services/web services/web
RUN node services/web/build.ts

FROM node:24-bookworm-slim
WORKDIR /lepton
COPY --from=dependencies /lepton ./
COPY packages/contracts packages/contracts
COPY packages/common packages/common
COPY packages/events packages/events
COPY packages/shop packages/shop
COPY infra/setup infra/setup
COPY services services
COPY --from=web /lepton/services/web/dist services/web/dist
# Named volumes take the owner of what they are mounted on.
RUN for folder in services/* kafka consul; do mkdir -p "/shares/${folder#services/}"; done \
 && mkdir -p /secrets /admin /state /compiled && chown -R node:node /shares /secrets /admin /state /compiled
USER node
# Compiled here, not at each start: without settings, each program loads its code and ends.
ENV NODE_COMPILE_CACHE=/compiled
RUN for main in services/*/src/main.ts infra/setup/src/main.ts; do timeout 20 node "$main" > /dev/null 2>&1; done; test -n "$(ls /compiled)"
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 OPS_HOST=0.0.0.0 OPS_PORT=3001 STATE_DIR=/state
EXPOSE 3000
CMD ["node", "services/gateway/src/main.ts"]
