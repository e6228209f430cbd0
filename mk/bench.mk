# Benchmarks.

# Needs two otherwise idle processors.  BENCH=brief takes minutes, but is not
# precise.  PEER=inet:HOST:PORT:MAP also measures another socketmap server.
BENCH ?= full
BENCH_PROGRAMS := $(BUILD)/bench/load $(BUILD)/bench/bare

bench:
	@$(NEEDS_ROOT)
	@$(MAKE) test-deps
	@tests/tools/install-packages dnsperf
	@$(MAKE) $(JOBS) all $(BENCH_PROGRAMS)
	@trap '$(GIVE_BACK)' EXIT; exec 9</proc/self/ns/net; \
		BENCH=$(BENCH) PEER='$(PEER)' $(LAB) tests/bench/run.py

$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(LINK) -lm

.PHONY: bench
