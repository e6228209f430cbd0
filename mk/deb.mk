# The Debian package.

# The package is built from a copy of the source tree: dpkg-buildpackage writes
# to the tree and to its parent directory.
deb: build/deb/postdane.deb
	@:

build/deb/postdane.deb: $(SOURCES) $(HEADERS) $(MANUALS) $(OUR_MAKEFILES) \
		$(DOCUMENTS) \
		$(wildcard debian/* service/* postfix-conf/* tests/unit/* tests/fakes/* \
		tests/golden/*) tests/tools/check-golden
	@tests/tools/install-packages $(BUILD_PACKAGES) $(DEB_PACKAGES)
	@rm -rf build/deb && mkdir -p build/deb/postdane
	@tar -c --exclude=./build --exclude=./.git . | \
		tar -x -C build/deb/postdane
	@echo "dpkg-buildpackage: compiles, and runs the unit tests, for some" \
		"minutes; what it says is in build/deb/log"
	@cd build/deb/postdane && $(CURDIR)/tests/tools/with-progress ../log \
		dpkg-buildpackage -us -uc -b || { tail -40 ../log; exit 1; }
	@lintian --allow-root --fail-on warning,error build/deb/*.changes
	@cp build/deb/postdane_*.deb $@

.PHONY: deb
