# What the Makefiles of layers and functions share. `sam build` runs each in a copy of its folder, so what lies elsewhere
# in the repository is reached through REPO, which infra/build.mk exports together with BUILD_PIP.

CONSTRAINTS ?= $(REPO)/constraints.txt

# Wheels for the Lambda runtime, whichever Python builds: CPython 3.12 on Amazon Linux 2023 (glibc 2.34).
# Requirement files list all that is imported, hence --no-deps; several packages drag in what nothing here uses.
PIP_INSTALL = $(BUILD_PIP) install --quiet --disable-pip-version-check --no-deps --no-compile --only-binary :all: \
	--constraint $(CONSTRAINTS) --implementation cp --python-version 3.12 \
	$(foreach glibc,34 31 28 27 24 17,--platform manylinux_2_$(glibc)_x86_64) --platform manylinux2014_x86_64

# Test suites, type stubs and headers. Shared objects stay as they are: stripping breaks some of them.
define slim
	find "$(1)" -depth -type d \( -name tests -o -name __pycache__ -o -name include \) -exec rm -r {} +
	find "$(1)" -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.a' -o -name '*.h' \) -delete
	rm -rf "$(1)/bin"
endef

# Python cannot keep bytecode in Lambda's read-only folders, so without this every cold start compiles all that it imports:
# 10 s instead of 3 s for the API. Only the runtime's own version can write it; "unchecked" since zipping resets times.
define compile
	$(if $(RUNTIME_PYTHON),$(RUNTIME_PYTHON) -W ignore -m compileall -q --invalidation-mode unchecked-hash "$(1)", \
		@echo "python3.12 is not on this machine: $(1) gets no bytecode, and functions start slower")
endef

# A function is its own folder's modules; the rest comes from the layers.
define copy_modules
	tar --exclude=__pycache__ --exclude=Makefile --exclude=requirements.txt -cf - . | tar -xf - -C "$(ARTIFACTS_DIR)"
endef
