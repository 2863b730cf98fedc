# PostgreSQL for the bookshop, with trust in everybody: for trials only. Build: docker build -f samples/bookshop/database.Dockerfile -t ambient/bookshop-database samples/bookshop   Without an engine: ./ambient images bookshop-database
# offline: postgresql-15 dash libaudit1 libcap-ng0 libcap2 libcom-err2 libffi8 libgcrypt20 libgmp10 libgnutls30 libgpg-error0 libgssapi-krb5-2 libhogweed6
# offline: libicu72 libidn2-0 libk5crypto3 libkeyutils1 libkrb5-3 libkrb5support0 libldap-2.5-0 liblz4-1 liblzma5 libnettle8 libp11-kit0 libpam0g libpq5
# offline: libsasl2-2 libsystemd0 libtasn1-6 libunistring2 libxml2 libzstd1
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-15 && rm -rf /var/lib/apt/lists/*
COPY database.sh /usr/local/bin/database.sh
USER postgres
ENTRYPOINT ["/bin/sh", "/usr/local/bin/database.sh"]
