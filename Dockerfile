# Two images from one file: "app" (an instance) and "console" (the dashboard and its server).
# React and Vite are needed to build the page and are in neither of them.

FROM node:26-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY performance_dashboard/package.json performance_dashboard/
COPY packages/client/src/package.json packages/client/src/
RUN npm ci --omit=dev --workspace=weir-client --include-workspace-root --ignore-scripts

FROM node:26-slim AS dashboard
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY performance_dashboard/package.json performance_dashboard/
COPY packages/client/src/package.json packages/client/src/
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.browser.json ./
COPY src src
COPY packages packages
COPY performance_dashboard performance_dashboard
RUN npm run build --workspace performance_dashboard

FROM node:26-slim AS app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY src src
# Where the keeper of usage writes; a volume that is mounted here for the first time takes its owner over.
RUN mkdir /var/lib/weir && chown node:node /var/lib/weir
RUN mkdir /var/lib/weir-secret && chown node:node /var/lib/weir-secret
USER node
EXPOSE 8000
CMD ["node", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=8", "--expose-gc", "src/gateway/main.ts"]

FROM app AS console
COPY packages/client/src packages/client/src
COPY --from=dashboard /app/performance_dashboard/dist performance_dashboard/dist
EXPOSE 3001
CMD ["node", "--disable-warning=ExperimentalWarning", "src/console/main.ts"]
