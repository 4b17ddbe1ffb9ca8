# SPDX-License-Identifier: MIT
# parkd: make run, make test. `make help` lists the rest. BUILD is one of: debug release asan tsan cov
BUILD ?= release
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
O := build/$(BUILD)$(if $(findstring clang,$(CC)),-clang)
PREFIX ?= /usr/local

FLAGS_debug   := -O0 -g3
FLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
FLAGS_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan    := -O1 -g -fsanitize=thread
FLAGS_cov     := -O0 -g --coverage
LINK_release  := -pie -Wl,-z,relro,-z,now
WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
VERSION := $(shell sed -n 's/^## \[\([0-9][^]]*\)\].*/\1/p' CHANGELOG.md | head -n 1)

ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DPARKD_VERSION='"$(VERSION)"' -DPARKD_SHARE='"$(SHARE)"' -Iinclude -Isrc -I$(O) \
	-MMD -MP $(WARN) $(FLAGS_$(BUILD)) $(subst -I,-isystem ,$(PKG_CFLAGS)) $(CFLAGS)
ALL_LDFLAGS = $(FLAGS_$(BUILD)) $(LINK_$(BUILD)) $(LDFLAGS)
SHARE ?= $(abspath src)
LIBS_pure := -lcjson -lcrypto -lz -lpcre2-8 -lglib-2.0 -lproj -lxml2 -lcsv -lm
LIBS := -lzip -luv -lhiredis -lcurl -lmicrohttpd -llua5.4 -lmosquitto -lssl -lsystemd $(LIBS_pure) -lpthread

SRC := $(wildcard src/*/*.c)
# GLib gives time zones only (base/zone.c), libxml2's headers are needed by dialect/doc_xml.c only.
PKG_CFLAGS := $(shell pkg-config --cflags glib-2.0 libxml-2.0 2>/dev/null)
# Pure: bytes, values and now in, values out. Their tests link libparkd_pure.a alone; tools/check-pure looks at the objects.
PURE := $(shell cat src/pure.list)
OBJ := $(SRC:src/%.c=$(O)/obj/%.o)
PURE_OBJ := $(PURE:%=$(O)/obj/%.o)
LIB_OBJ := $(filter-out $(O)/obj/app/main.o $(O)/obj/parkctl/%,$(OBJ))
LEAFLET ?= /usr/share/javascript/leaflet
WEB := $(wildcard src/web/*.css src/web/*.js src/web/*.svg src/web/*.png src/web/*/*.html src/web/*/*.css src/web/*/*.js)
EMBED := $(wildcard src/web/*.html) $(wildcard src/store/*.lua) $(wildcard src/api/*.json)
OPENAPI := $(wildcard src/api/openapi/*.json)
GEN := $(O)/gen/api/openapi_json.h $(foreach f,$(EMBED:src/%=%),$(O)/gen/$(subst .,_,$(f)).h) $(O)/gen/web_assets.h

# make crash N=200: parkd is killed so often, redis-server and both half as often, some stops. make crash PARTS=stop N=30: that kind alone.
N ?= 100
PARTS ?= parkd redis both stop
CRASH_SHARE := $(if $(word 2,$(PARTS)),1 2 2 20,1 1 1 1)
CRASH_parkd = $(N)
CRASH_redis = $(shell expr $(N) / $(word 2,$(CRASH_SHARE)))
CRASH_both = $(shell expr $(N) / $(word 3,$(CRASH_SHARE)))
CRASH_stop = $(shell expr $(N) / $(word 4,$(CRASH_SHARE)))

UNIT := $(notdir $(basename $(wildcard tests/unit/test_*.c)))
PURE_UNIT := $(addprefix test_,$(shell cat tests/unit/pure.list))
UNIT_BIN := $(UNIT:%=$(O)/tests/%)

Q := $(if $(V),,@)

.PHONY: all run test test-unit test-flow bench fuzz onboarding sources quality-rates forecast page crash crash-truncate sim soak torture cov lint headers format install clean deps deps-bench deps-test help
all: $(O)/parkd $(O)/parkctl
	@:

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | sort | expand -t 12

deps:
	$(Q)tools/install-packages
deps-bench:
	$(Q)tools/install-packages bench
deps-test:
	$(Q)tools/install-packages test
	$(Q)tools/fetch-axe build/axe.min.js || echo "axe-core could not be fetched; the tests of the pages skip what needs it"

run: deps ## the whole product: parkd, 44 simulated lots, a simulated platform; RUN_SECONDS=20 ends by itself
	$(Q)$(MAKE) --no-print-directory BUILD=release all
	$(Q)exec tools/run --build build/release

test: deps-test ## everything: checks, unit tests (gcc and clang, sanitizers), flow tests
	$(Q)exec tests/run-all

test-unit: $(UNIT_BIN) ## unit tests of this BUILD
	$(Q)tests/run-unit $(UNIT_BIN)

test-flow: all ## flow tests against this BUILD
	$(Q)PARKD=$(abspath $(O))/parkd PARKCTL=$(abspath $(O))/parkctl /usr/bin/python3 -m pytest -q -x tests/flow

bench: deps-bench ## figures beside the Node peer, in the same minute
	$(Q)$(MAKE) --no-print-directory BUILD=release all build/release/bench_decode
	$(Q)exec tests/bench/run --build build/release

fuzz: deps-test ## every parser of outside bytes, FUZZ_SECONDS each (60)
	$(Q)exec tests/fuzz/run fuzz $(or $(FUZZ_SECONDS),60)

crash: deps-test ## kill -9 of parkd N times (100), redis-server and both half as often, some stops; adds a line to tests/crash/log.tsv
	$(Q)$(MAKE) --no-print-directory BUILD=asan all
	$(Q)PARKD=$(abspath build/asan)/parkd PARKCTL=$(abspath build/asan)/parkctl PATIENCE=3 tests/crash/run $(foreach p,$(PARTS),--$(p) $(CRASH_$(p))) \
		$(if $(SEED),--seed $(SEED)) --log

crash-truncate: deps-test ## the append-only file cut at every offset of its last 64 kB; goes on where tests/crash/truncate.tsv ends
	$(Q)$(MAKE) --no-print-directory BUILD=release all
	$(Q)PARKD=$(abspath build/release)/parkd PARKCTL=$(abspath build/release)/parkctl tests/crash/truncate --log

sim: deps-test ## SEEDS (500) of 20 simulated hours each, on from where tests/sim/log.tsv ends
	$(Q)$(MAKE) --no-print-directory BUILD=release build/release/sim
	$(Q)exec tests/sim/run --seeds $(or $(SEEDS),500) --log

soak: deps-test ## HOURS (2.2) of 500 lots with one fault a minute: memory, descriptors and latency; adds a line to tests/soak/log.tsv
	$(Q)$(MAKE) --no-print-directory BUILD=release all
	$(Q)PARKD=$(abspath build/release)/parkd PARKCTL=$(abspath build/release)/parkctl PATIENCE=3 tests/soak/run --hours $(or $(HOURS),2.2) --log

torture: deps-test ## every allocation of each scenario fails once, in turn; then every call of the kernel for files and sockets
	$(Q)$(MAKE) --no-print-directory BUILD=asan all build/asan/torture
	$(Q)build/asan/torture $(TORTURE_POINTS)
	$(Q)PARKD=$(abspath build/asan)/parkd tests/torture/calls

onboarding: deps-test ## a district from nothing to 44 of 44, through the API as office and operators would
	$(Q)$(MAKE) --no-print-directory BUILD=release all
	$(Q)PARKD=$(abspath build/release)/parkd PARKCTL=$(abspath build/release)/parkctl /usr/bin/python3 -m pytest -q -s tests/flow/test_onboarding.py

sources: deps ## real feeds of ../shared/data against their expected answers, one line each
	$(Q)$(MAKE) --no-print-directory BUILD=release all
	$(Q)PARKCTL=$(abspath build/release)/parkctl tests/sources/compare

quality-rates: ## how well frozen lots are found, and how often wrongly: on ../shared/data/replay-44 and on made-up lots
	$(Q)$(MAKE) --no-print-directory BUILD=release build/release/tests/test_frozen build/release/tests/test_frozen_replay
	$(Q)for t in frozen frozen_replay; do build/release/tests/test_$$t 2>/dev/null | grep -E '^(frozen|drift)' || exit 1; done

forecast: ## errors and reliability of the forecast on ../shared/data/replay-44, beside what anybody would try first
	$(Q)$(MAKE) --no-print-directory BUILD=release build/release/tests/test_forecast_replay
	$(Q)build/release/tests/test_forecast_replay 2>/dev/null | grep -E '^(forecast|skipped)'

page: deps-test ## every page in a browser: bytes, requests, axe, paints on a slow phone; fails over budget
	$(Q)$(MAKE) --no-print-directory BUILD=release all
	$(Q)exec /usr/bin/python3 tests/bench/pages.py --build build/release

cov: deps-test ## line coverage of the pure core and of all C, by unit and flow tests; fails below 95 % and 85 %
	$(Q)tools/install-packages cov
	$(Q)exec tests/coverage

lint: ## layers, purity, banned functions, configuration documents, headers, format
	$(Q)tools/check-layers
	$(Q)tools/check-banned
	$(Q)tools/check-format
	$(Q)$(MAKE) --no-print-directory BUILD=debug headers pure-check conf-check

pure-check: $(OBJ)
	$(Q)tools/check-pure $(O)/obj $(PURE_OBJ)

conf-check: $(O)/parkd
	$(Q)tools/check-conf-docs $(O)/parkd

headers: $(GEN) ## every header compiles alone
	$(Q)tools/check-headers "$(CC)" "$(filter-out -MMD -MP,$(ALL_CFLAGS))"

format: ## clang-format over everything
	$(Q)clang-format -i $(SRC) $(wildcard src/*/*.h include/parkd/*/*.h tests/unit/*.[ch])

install: ## into PREFIX (DESTDIR is honoured)
	$(Q)$(MAKE) --no-print-directory BUILD=release O=build/install SHARE=$(PREFIX)/share/parkd all
	install -D -t $(DESTDIR)$(PREFIX)/bin build/install/parkd build/install/parkctl
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	build/install/parkctl completion man > $(DESTDIR)$(PREFIX)/share/man/man1/parkctl.1
	build/install/parkctl completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/parkctl
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/parkd/dialects src/dialects/*.lua
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/parkd deploy/parkd.example.json deploy/district.example.json \
		deploy/nginx.conf deploy/README.md deploy/PLATFORM.md deploy/PLATFORM.zh-CN.md deploy/OFFICE.md deploy/API.md
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/share/parkd/examples deploy/examples/receiver.py
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/parkd/dialects src/dialects/README.md src/dialects/MAPPING.md src/dialect/mapping.schema.json
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's,/usr/local/,$(PREFIX)/,' deploy/parkd.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/parkd.service

clean: ## removes build/
	rm -rf build

$(O)/gen/web_assets.h: tools/embed-web $(WEB) src/web $(wildcard src/web/*/)
	@mkdir -p $(@D)
	$(Q)tools/embed-web src/web /leaflet.js=$(LEAFLET)/leaflet.min.js /leaflet.css=$(LEAFLET)/leaflet.css > $@.tmp && mv $@.tmp $@
$(O)/gen/api/openapi_json.h: tools/embed tools/merge-openapi $(OPENAPI)
	@mkdir -p $(@D)
	$(Q)tools/merge-openapi $(OPENAPI) > $(@D)/openapi.json && tools/embed openapi_json $(@D)/openapi.json > $@.tmp && mv $@.tmp $@
$(O)/gen/%.h: tools/embed
	@mkdir -p $(@D)
	$(Q)tools/embed $(subst -,_,$(basename $(notdir $@))) $(filter src/%,$^) > $@.tmp && mv $@.tmp $@
$(foreach f,$(EMBED:src/%=%),$(eval $(O)/gen/$(subst .,_,$(f)).h: src/$(f)))

$(O)/obj/%.o: src/%.c | $(GEN)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

$(O)/libparkd_pure.a: $(PURE_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^
$(O)/libparkd.a: $(LIB_OBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

$(O)/parkd: $(O)/obj/app/main.o $(O)/libparkd.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)
$(O)/parkctl: $(patsubst src/%.c,$(O)/obj/%.o,$(wildcard src/parkctl/*.c)) $(O)/libparkd.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(O)/bench_decode: tests/bench/decode.c $(O)/libparkd.a
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

TORTURE_WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup
$(O)/torture: tests/torture/alloc.c $(O)/libparkd.a
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(TORTURE_WRAP) -o $@ $^ $(LIBS)

SIM := $(wildcard tests/sim/*.c)
# Its own timers, loop, hiredis and HTTP stand before those of the library, which are then not linked.
$(O)/sim: $(SIM) tests/sim/sim.h $(O)/libparkd.a
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/sim $(ALL_LDFLAGS) $(TORTURE_WRAP) -o $@ $(SIM) $(O)/libparkd.a $(LIBS)

$(O)/tests/%.o: tests/unit/%.c | $(GEN)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -Itests/unit -c -o $@ $<
$(PURE_UNIT:%=$(O)/tests/%): $(O)/tests/%: $(O)/tests/%.o $(O)/libparkd_pure.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_pure) -lcmocka
$(filter-out $(PURE_UNIT:%=$(O)/tests/%),$(UNIT_BIN)): $(O)/tests/%: $(O)/tests/%.o $(O)/libparkd.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka
.SECONDARY:
-include $(OBJ:.o=.d) $(UNIT_BIN:=.d)
