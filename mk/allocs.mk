# Allocation failures.

# The unit tests, linked so that each allocation can be made to fail.  Our code
# is put into a separate section, which distinguishes its allocations from the
# test's: tests/allocs/allocs.h.  Not key_limits: it allocates nothing, and GMP,
# which its test uses through Nettle, ends the program if an allocation fails.
ALLOCS_MAKE = $(MAKE) $(JOBS) CC=gcc SANITIZE=address,undefined
ALLOCS_TESTS := $(filter-out key_limits,\
	$(patsubst tests/unit/test_%.c,%,$(UNIT_SOURCES)))
ALLOCS_OBJECTS := $(call objects_of,$(wildcard tests/allocs/*.c))
ALLOCS_ARCHIVES := $(BUILD)/allocs/libcommand.a $(BUILD)/allocs/libpostdane.a
MODULES := $(ALLOCS_TESTS)

allocs:
	@$(ALLOCS_MAKE) allocs-tests
	@ALLOCS=all tests/allocs/run $(MODULES)

check-allocs:
	@$(ALLOCS_MAKE) allocs-tests
	@ALLOCS=places tests/allocs/run $(MODULES)

allocs-tests: $(ALLOCS_TESTS:%=$(BUILD)/allocs/%)

# It replaces malloc(), and runs before the sanitizers are initialised.
$(BUILD)/obj/tests/allocs/allocs.o: OUR_CFLAGS += -fno-sanitize=all

$(BUILD)/allocs/lib%.a: $(BUILD)/lib%.a tests/allocs/calls.syms
	@mkdir -p $(@D)
	@echo "  OBJCOPY $@"
	$(Q)objcopy --redefine-syms=tests/allocs/calls.syms \
		--rename-section .text=postdane_text \
		--rename-section .text.unlikely=postdane_text $< $@

# Memory that a failed test still refers to is no leak.  Without optimisation
# the leak detector finds the references.
$(BUILD)/allocs/obj/%.o: tests/unit/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(COMPILE) -O0

$(BUILD)/allocs/%: $(BUILD)/allocs/obj/test_%.o $(ALLOCS_OBJECTS) \
		$(ALLOCS_ARCHIVES)
	@mkdir -p $(@D) build/allocs
	@echo "  LD $@"
	$(Q)$(LINK) $(OUR_LIBS)
	$(Q)ln -f $@ build/allocs/$*

.PHONY: allocs check-allocs allocs-tests

-include $(ALLOCS_OBJECTS:.o=.d) \
	$(patsubst %,$(BUILD)/allocs/obj/test_%.d,$(ALLOCS_TESTS))
