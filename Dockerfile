# The service with its encoder built in; PostgreSQL runs elsewhere (see docker-compose.yml).
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements-runtime.lock pyproject.toml README.md LICENSE ./
COPY memsvc memsvc
COPY gpu_index gpu_index
COPY migrations migrations
COPY clients/python clients/python
RUN python -m venv /opt/memsvc \
 && /opt/memsvc/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements-runtime.lock \
 && /opt/memsvc/bin/pip install --no-cache-dir --no-deps ./clients/python . \
 && /opt/memsvc/bin/memsvc models install --dir /opt/memsvc/share/memsvc/models

FROM python:3.13-slim
COPY --from=build /opt/memsvc /opt/memsvc
RUN useradd --system --create-home memsvc && install -d -o memsvc /var/lib/memsvc-index
USER memsvc
ENV PATH=/opt/memsvc/bin:$PATH
EXPOSE 8700
ENTRYPOINT ["memsvc"]
CMD ["serve"]
