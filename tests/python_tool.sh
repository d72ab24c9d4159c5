# Installs a program from PyPI, for scripts that source this file.
# Requires Python 3.10 or newer and, the first time, PyPI.

# In CI a missing tool is an error: a skipped check would look like a passed one.
skip() { # check, what it requires
  if [ -n "${CI:-}" ]; then printf 'missing: %s\n' "$2" >&2; exit 1; fi
  printf 'SKIPPED: %s requires %s.\n' "$1" "$2"
  exit 0
}

# Sets `target`, and `home` to the directory of a virtual environment such as target/kosoku-0.1.0.
install_python_tool() { # requirements file with one line such as kosoku==0.1.0, check
  local requirement name python
  requirement=$(<"$1")
  name=${requirement%%==*}
  target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
  home=$target/${requirement/==/-}
  if [ -x "$home/bin/$name" ]; then return; fi
  python=$(command -v python3) || skip "$2" 'Python 3.10 or newer'
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || skip "$2" 'Python 3.10 or newer'
  rm -rf "$home"
  "$python" -m venv "$home" || skip "$2" "Python's venv (Debian's python3-venv)"
  "$home/bin/pip" install --quiet --disable-pip-version-check --requirement "$1" \
    || { rm -rf "$home"; skip "$2" "$requirement from PyPI"; }
}
