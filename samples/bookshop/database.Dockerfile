# PostgreSQL for the bookshop, with trust in everybody: for trials only. Build: docker build -f samples/bookshop/database.Dockerfile -t ambient/bookshop-database samples/bookshop
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-15 && rm -rf /var/lib/apt/lists/*
COPY database.sh /usr/local/bin/database.sh
USER postgres
ENTRYPOINT ["/bin/sh", "/usr/local/bin/database.sh"]
