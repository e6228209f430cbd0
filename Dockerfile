# postdane on Debian 12, from the same package that "make deb" builds.
#
#   docker build -t postdane .
#
# Which image "bookworm-slim" is changes with Debian's updates.  Who needs the
# same one twice puts its digest in both places: debian:bookworm-slim@sha256:...
#
#   docker run -d --name postdane -p 127.0.0.1:8642:8642 postdane

FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends make
COPY . /src
WORKDIR /src
RUN make deb

FROM debian:bookworm-slim
# A number that is known before, so that "runAsNonRoot" can be checked; the
# package takes the user that it finds.
RUN groupadd --system --gid 8642 postdane && \
	useradd --system --uid 8642 --gid 8642 --no-create-home \
		--home-dir /var/lib/postdane --shell /usr/sbin/nologin postdane
COPY --from=build /src/build/deb/postdane.deb /tmp/
RUN apt-get update && \
	apt-get install -y --no-install-recommends /tmp/postdane.deb && \
	rm -rf /tmp/postdane.deb /var/lib/apt/lists/* && \
	install -d -o postdane -g postdane /run/postdane && \
	printf '%s\n' 'socketmap-listen = { "inet:0.0.0.0:8642" }' \
		'tcp-table-listen = { "inet:0.0.0.0:8643" }' \
		>>/etc/postdane/postdane.conf
USER 8642:8642
EXPOSE 8642 8643
# Healthy is who has a trust path; without one everything is deferred.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
	CMD ["postdane", "status"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["postdaned"]
CMD ["-c", "/etc/postdane/postdane.conf"]
