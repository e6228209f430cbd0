# Tests in the lab: a small internet in network namespaces, for which root is
# needed.

# Programs that tests of the lab run, besides postdaned and postdane.
LAB_PROGRAMS := $(patsubst tests/system/%.c,$(BUILD)/system/%,$(wildcard tests/system/*.c))
$(LAB_PROGRAMS): $(BUILD)/system/%: $(BUILD)/obj/tests/system/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(LINK) $(OUR_LIBS)

LAB = tests/lab/run --servers $(SERVERS) -- env POSTDANE_BUILD=$(BUILD) \
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON)

# The tests mostly wait, so some run in parallel, each in its own namespaces,
# the longest first.  With sanitizers two files are left out: the package is always
# built without them, and a build with them has no sandbox.
LABS ?= 4
LONG := $(patsubst %,tests/%.py,incident/test_postfix_resolv system/test_dns_service \
	system/test_doctor system/test_matrix system/test_time_and_place system/test_daemon \
	system/test_diagnose faults/test_neighbours)
LAB_FILES := $(filter-out $(if $(SANITIZE)$(COVERAGE),\
	tests/system/test_package.py) $(if $(SANITIZE),tests/system/test_sandbox.py),\
	$(wildcard tests/system/test_*.py))
INCIDENT_FILES := $(wildcard tests/incident/test_*.py)
# $(1): files and directories.
SIDE_BY_SIDE = $(MAKE) -j$(LABS) --keep-going --output-sync $(foreach file,$(filter \
	$(1),$(LONG)) $(filter-out $(LONG),$(1)),$(file).run)

%.run:
	@$(LAB) -m pytest -q -p no:cacheprovider $(if $(filter \
		tests/faults/%,$*),-m '$(FAULTS_MARK)') $*

lab-programs:
	@$(NEEDS_ROOT)
	@$(MAKE) $(JOBS) all $(LAB_PROGRAMS)
	@$(MAKE) servers

lab-package:
	@$(if $(SANITIZE)$(COVERAGE),true,$(MAKE) deb)

check-lab: lab-programs lab-package
	@$(call SIDE_BY_SIDE,$(LAB_FILES))

# Tests with real mail servers whether each verdict has its intended effect.
check-oracle: lab-programs
	@$(call SIDE_BY_SIDE,tests/oracle)

check-incident: lab-programs
	@$(call SIDE_BY_SIDE,$(INCIDENT_FILES))

# check-lab, check-oracle and check-incident together.
check-labs: lab-programs lab-package
	@$(call SIDE_BY_SIDE,$(LAB_FILES) tests/oracle $(INCIDENT_FILES))

# Run in parallel like the labs: the tests mostly wait.
FAULTS_MARK := not slow
check-faults: lab-programs
	@$(call SIDE_BY_SIDE,$(wildcard tests/faults/test_*.py))

# Includes the fault tests that take minutes.
faults:
	@$(NEEDS_ROOT)
	@$(MAKE) test-deps
	@trap '$(GIVE_BACK)' EXIT; \
		$(MAKE) check-faults FAULTS_MARK='slow or not slow'

# ---- a busy machine ----

# Runs tests beside two endless loops per processor, to show that no result
# depends on timing.  Everything is built before the loops start.
check-busy:
	@$(NEEDS_ROOT)
	@$(MAKE) $(JOBS) all $(LAB_PROGRAMS) $(UNIT_TESTS)
	@$(MAKE) servers
	@trap '$(GIVE_BACK)' EXIT; \
		tests/tools/beside-loops tests/tools/run-checks '$(MAKE)' \
			$(BUILD)/busy check-unit check-busy-lab check-faults

# The tests that depend most on waiting, counting and measuring, and take only a
# few minutes.
LAB_BUSY := $(addprefix tests/system/test_,policy.py cache.py daemon.py counters.py)
check-busy-lab:
	@$(LAB) -m pytest -q -p no:cacheprovider $(LAB_BUSY)
	@$(LAB) -m pytest -q -p no:cacheprovider tests/oracle/test_mail.py

# ---- an attacker on the path ----

# Runs of each series; fuzz has a different RUNS.
attack: RUNS := 2000
SEED := fresh
# KEEP=DIRECTORY keeps the daemon's log of each failed run.
ATTACK = $(LAB) tests/attack/run.py $(if $(KEEP),--keep $(KEEP))

attack:
	@$(NEEDS_ROOT)
	@$(MAKE) $(JOBS) all
	@$(MAKE) servers
	@$(ATTACK) $(if $(RUN),--run $(RUN),--runs $(RUNS)) --seed $(SEED)

# Runs for a limited time, with a constant and with a fresh seed.
check-attack:
	@$(NEEDS_ROOT)
	@$(MAKE) $(JOBS) all
	@$(MAKE) servers
	@$(ATTACK) --seconds 12 --seed postdane --seed fresh

# ---- soak ----

# TIME: seconds.  The result goes to build/soak.  SEED= repeats a run's random
# choices.
soak: TIME := 1200
soak:
	@$(NEEDS_ROOT)
	@$(MAKE) test-deps
	@trap '$(GIVE_BACK)' EXIT; $(MAKE) soaked TIME=$(TIME)

# A short run, which only shows that the soak test works.
check-soak:
	@$(NEEDS_ROOT)
	@$(MAKE) servers
	@$(MAKE) soaked TIME=12

soaked:
	@$(MAKE) $(JOBS) all $(BUILD)/bench/load
	@$(LAB) tests/soak/run.py $(TIME)

.PHONY: lab-programs lab-package check-lab check-oracle check-incident \
	check-labs check-faults faults check-busy check-busy-lab attack \
	check-attack soak check-soak soaked
