# Fuzzing of all that parses foreign data.

# libFuzzer requires clang, which includes its runtime.
FUZZ_MAKE = $(MAKE) $(JOBS) CC=clang \
	SANITIZE=fuzzer-no-link,address,undefined CFLAGS='-O2 -g'
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_SOURCES))
# TIME: seconds per target.  TARGETS="socketmap mx" fuzzes only those.
# RUNS=10000000 continues in rounds until each target has had that many
# executions.
TIME := 60
TARGETS := $(FUZZ_TARGETS)
fuzz: RUNS := 0

fuzz:
	@$(FUZZ_MAKE) fuzzers
	@RUNS=$(RUNS) tests/fuzz/run fuzz $(TIME) $(TARGETS)

check-fuzz:
	@$(FUZZ_MAKE) fuzzers
	@tests/fuzz/run replay 0 $(TARGETS)

fuzzers: $(FUZZ_TARGETS:%=$(BUILD)/fuzz/%)

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(ARCHIVE)
	@mkdir -p $(@D) build/fuzz
	@echo "  LD $@"
	$(Q)$(LINK) -fsanitize=fuzzer $(OUR_LIBS)
	$(Q)ln -f $@ build/fuzz/$*

# The same targets with AFL++, which provides main() for them.
AFL_TARGETS = $(if $(filter file,$(origin TARGETS)),socketmap \
	dns_message,$(TARGETS))
AFL_MAKE = $(MAKE) $(JOBS) CC=afl-clang-fast SANITIZE=address,undefined \
	CFLAGS='-O2 -g'

fuzz-afl:
	@tests/tools/install-packages afl++
	@$(AFL_MAKE) $(AFL_TARGETS:%=build/afl/%)
	@tests/fuzz/run afl $(TIME) $(AFL_TARGETS)

build/afl/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(ARCHIVE)
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(LINK) -fsanitize=fuzzer $(OUR_LIBS)

.PHONY: fuzz check-fuzz fuzzers fuzz-afl

FUZZ_OBJECTS := $(call objects_of,$(wildcard tests/fuzz/fuzz_*.c))
-include $(FUZZ_OBJECTS:.o=.d)
