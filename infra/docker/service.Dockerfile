# One image for every service: the command says which one runs. Node 24 runs the sources; only the pages are built.
FROM node:24-bookworm-slim AS manifests
WORKDIR /lepton
ENV COREPACK_ENABLE_DOWNLOAD_PROMPT=0
RUN corepack enable
# The manifests alone, so that a change of a source file installs nothing.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml .npmrc ./
COPY patches patches
COPY packages/common/package.json packages/common/
COPY packages/client/package.json packages/client/
COPY packages/contracts/package.json packages/contracts/
COPY packages/events/package.json packages/events/
COPY packages/shop/package.json packages/shop/
COPY packages/testing/package.json packages/testing/
COPY services/cart/package.json services/cart/
COPY services/gateway/package.json services/gateway/
COPY services/inventory/package.json services/inventory/
COPY services/ops/package.json services/ops/
COPY services/order/package.json services/order/
COPY services/payment/package.json services/payment/
COPY services/psp/package.json services/psp/
COPY services/web/package.json services/web/
COPY infra/local/package.json infra/local/
COPY infra/setup/package.json infra/setup/
COPY e2e/package.json e2e/
COPY simulation/package.json simulation/

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
# Named volumes take the owner of what they are mounted on.
RUN for service in gateway cart order payment inventory ops psp; do mkdir -p "/shares/$service"; done \
 && mkdir -p /secrets /admin /state && chown -R node:node /shares /secrets /admin /state
COPY --from=dependencies /lepton ./
COPY packages/contracts packages/contracts
COPY packages/common packages/common
COPY packages/events packages/events
COPY packages/shop packages/shop
COPY infra/setup infra/setup
COPY services services
COPY --from=web /lepton/services/web/dist services/web/dist
USER node
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 OPS_HOST=0.0.0.0 OPS_PORT=3001 STATE_DIR=/state
EXPOSE 3000
CMD ["node", "services/gateway/src/main.ts"]
