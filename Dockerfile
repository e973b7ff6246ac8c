# One image, all roles: `docker run headway collector|analyzer|api|start ...`. The sources run as they are.
FROM node:22-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production HEADWAY__DATA_DIR=/var/lib/headway
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY domain ./domain
COPY platform ./platform
COPY services ./services
COPY cli ./cli
COPY simulator ./simulator
COPY dashboards ./dashboards
COPY sql ./sql
COPY docs ./docs
RUN mkdir -p /var/lib/headway && chown node:node /var/lib/headway
USER node
VOLUME /var/lib/headway
EXPOSE 8470
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "bin/headway.js"]
CMD ["start"]
