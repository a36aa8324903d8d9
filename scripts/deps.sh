#!/usr/bin/env bash
# Builds the third-party libraries that no Debian package supplies in a form that links fully static: OpenSSL, libcurl
# and cpp-httplib. Runs once; later calls find the finished prefix in milliseconds.
#
#   prefix=$(scripts/deps.sh)
#   cmake -B build -DCMAKE_PREFIX_PATH="$prefix"
#
# Sources: the source packages of Debian stable, taken by apt and verified by the Debian archive keyring, with Debian's
# security patches applied. The mirror is the one this machine already uses; its apt configuration is not changed.
#
# Key: the prefix is named by a hash of this script, of scripts/deps/, of the compiler, and of the machine's c-ares,
# nghttp2 and zlib packages, whose archives are copied into the prefix. The versions of the source packages are NOT part
# of the key: they are only known after asking the mirror, and a security update must not need a commit here. A new
# prefix gets the newest sources the mirror has; an old one keeps its own until `--refresh`. What was built stands in
# <prefix>/VERSIONS, which is also the mark of a finished prefix.
# shellcheck disable=SC2317  # steps are called by name
set -euo pipefail
shopt -s nullglob
umask 022

readonly suite=trixie
readonly source_packages=(openssl curl cpp-httplib)
readonly machine_packages=(libc-ares-dev libnghttp2-dev zlib1g-dev)
readonly machine_archives=(libcares.a libnghttp2.a libz.a)
readonly refresh_hint_days=30

# Only the key decides what is built: nothing from the caller's environment may leak into it.
unset CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS MAKEFLAGS MFLAGS DESTDIR CPATH C_INCLUDE_PATH LIBRARY_PATH \
  CMAKE_PREFIX_PATH CMAKE_GENERATOR CMAKE_TOOLCHAIN_FILE CMAKE_BUILD_TYPE PKG_CONFIG_PATH PKG_CONFIG_LIBDIR \
  OPENSSL_ROOT_DIR OPENSSL_CONF APT_CONFIG
export LC_ALL=C

script=$(readlink -f "${BASH_SOURCE[0]}")
readonly script
readonly parts_dir="${script%/*}/deps"

exec 3>&2 # progress; steps send their own stdout and stderr to a log

usage() {
  cat <<'TEXT'
Usage: scripts/deps.sh [option]

Builds OpenSSL, libcurl and cpp-httplib into a static prefix, unless that is done already, and prints the absolute
path of the prefix on stdout. Progress goes to stderr.

  --print-prefix  print the path only, build nothing
  --refresh       ask the mirror again; rebuild if it has other source versions than those built
  --clean         remove prefixes of older keys, and leftovers of killed runs
  --help          this text

Environment:
  AZF_DEPS_DIR                where prefixes, logs and sources are kept (default: ${XDG_CACHE_HOME:-~/.cache}/azf-deps)
  AZF_DEBIAN_MIRROR           URI of a Debian mirror, when the machine's apt sources name none (Ubuntu, for one)
  AZF_DEBIAN_SECURITY_MIRROR  the same for Debian's security archive
TEXT
}

note() { printf '%s\n' "$*" >&3; }
die() {
  note "deps: $*"
  exit 1
}

# --- what to build -----------------------------------------------------------------------------------------------

compiler_flags() {
  # No unwind tables (half a megabyte): all that these libraries call back is noexcept.
  local flags=(-O2 -fPIC -ffunction-sections -fdata-sections -fstack-protector-strong -fstack-clash-protection
    -fno-unwind-tables -fno-asynchronous-unwind-tables -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  case $(gcc -dumpmachine) in
    x86_64-*) flags+=(-fcf-protection) ;;
    aarch64-*) flags+=(-mbranch-protection=standard) ;;
  esac
  printf '%s' "${flags[*]}"
}

# Every algorithm OpenSSL is built with ends up in the binary, since its tables refer to all of them; --gc-sections
# cannot help. So what an HTTPS client and a reader of PEM and PFX files never meet is left out here.
readonly openssl_options=(
  # one static library, nothing loaded at run time
  no-shared no-module no-dso no-engine no-tests no-apps no-docs
  # with no-module the legacy provider is compiled into libcrypto: old PFX files need its RC2, RC4 and PBKDF1
  enable-legacy
  no-idea no-seed no-bf no-cast no-rc5 no-md4 no-mdc2 no-rmd160 no-whirlpool
  # TLS 1.2 and 1.3 only
  no-ssl3 no-tls1 no-tls1_1 no-weak-ssl-ciphers no-dtls no-quic no-comp no-srp no-psk no-srtp no-nextprotoneg no-ktls
  # protocols and formats
  no-cmp no-cms no-ts no-ct no-ocsp no-rfc3779 no-ssl-trace
  # algorithms
  no-gost no-dsa no-ec2m no-sm2 no-sm3 no-sm4 no-aria no-camellia no-blake2 no-argon2 no-siv no-ml-dsa no-slh-dsa
  # a service has no terminal to ask for a password, and no coroutines
  no-ui-console no-async
)

readonly curl_options=(
  -DBUILD_CURL_EXE=OFF -DBUILD_SHARED_LIBS=OFF -DBUILD_STATIC_LIBS=ON -DBUILD_TESTING=OFF -DBUILD_EXAMPLES=OFF
  -DBUILD_LIBCURL_DOCS=OFF -DBUILD_MISC_DOCS=OFF -DENABLE_CURL_MANUAL=OFF -DPICKY_COMPILER=OFF
  -DHTTP_ONLY=ON -DCURL_USE_OPENSSL=ON -DUSE_NGHTTP2=ON -DCURL_ZLIB=ON -DENABLE_IPV6=ON
  # c-ares, because getaddrinfo of a static glibc wants the shared NSS modules of the machine it runs on
  -DENABLE_ARES=ON
  -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF -DCURL_USE_LIBPSL=OFF -DUSE_LIBIDN2=OFF -DCURL_USE_LIBSSH2=OFF
  -DCURL_USE_GSSAPI=OFF -DENABLE_UNIX_SOCKETS=OFF
  # proxies stay (HTTPS_PROXY), with basic and digest authentication
  -DCURL_DISABLE_ALTSVC=ON -DCURL_DISABLE_AWS=ON -DCURL_DISABLE_COOKIES=ON -DCURL_DISABLE_DOH=ON
  -DCURL_DISABLE_FORM_API=ON -DCURL_DISABLE_GETOPTIONS=ON -DCURL_DISABLE_HSTS=ON -DCURL_DISABLE_IPFS=ON
  -DCURL_DISABLE_KERBEROS_AUTH=ON -DCURL_DISABLE_LIBCURL_OPTION=ON -DCURL_DISABLE_MIME=ON
  -DCURL_DISABLE_NEGOTIATE_AUTH=ON -DCURL_DISABLE_NETRC=ON -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_PROGRESS_METER=ON
  -DCURL_DISABLE_SRP=ON -DCURL_DISABLE_WEBSOCKETS=ON
  # the program names the CA bundle at run time
  -DCURL_CA_BUNDLE=none -DCURL_CA_PATH=none -DCURL_CA_FALLBACK=OFF
)

# --- key and places ----------------------------------------------------------------------------------------------

prefix_key() {
  {
    cat -- "$script"
    (cd "$parts_dir" && find . -type f -print0 | sort -z | xargs -0 sha256sum)
    gcc --version | head -n 1
    gcc -dumpmachine
    # A missing package shows in require_tools, with a better message than here.
    dpkg-query -W -f '${Package} ${Version}\n' "${machine_packages[@]}" 2>/dev/null || true
  } | sha256sum | cut -c 1-16
}

require_tools() {
  local missing=() tool archive
  for tool in gcc g++ make perl cmake ninja pkg-config patch xz apt-get apt-cache dpkg-query dpkg-source flock; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  if command -v gcc >/dev/null; then
    for archive in "${machine_archives[@]}"; do
      [[ -f $(gcc -print-file-name="$archive") ]] || missing+=("$archive")
    done
  fi
  ((${#missing[@]} == 0)) || die "missing: ${missing[*]}. Run scripts/setup.sh first."
}

# --- steps -------------------------------------------------------------------------------------------------------

# run_step NUMBER NAME WHAT FUNCTION: runs FUNCTION in a subshell, its output in a log; ends the script if it fails.
run_step() {
  local number=$1 name=$2 what=$3 function=$4
  local log="$logs/$number-$name.log" status
  note "[$number/5] $what, log: $log"
  # Not `function || ...`: in such a place bash ignores `set -e` inside the function.
  set +e
  (
    set -e
    "$function"
  ) >"$log" 2>&1 </dev/null
  status=$?
  set -e
  ((status == 0)) && return
  note "deps: step $number ($name) failed; the last lines of $log:"
  tail -n 20 "$log" | sed 's/^/    /' >&3
  exit 1
}

# The Debian archives the machine's own apt uses, one `main URI` or `security URI` a line. apt itself reads its two
# source formats, includes and options; we only look at what it would fetch.
machine_mirrors() {
  local uri dist
  [[ -z ${AZF_DEBIAN_MIRROR:-} ]] || printf 'main %s\n' "${AZF_DEBIAN_MIRROR%/}"
  [[ -z ${AZF_DEBIAN_SECURITY_MIRROR:-} ]] || printf 'security %s\n' "${AZF_DEBIAN_SECURITY_MIRROR%/}"
  apt-get -o "Dir::State=$apt/machine" update --print-uris |
    sed -n "s|^'\(.*\)/dists/\(.*\)/InRelease' .*|\1 \2|p" |
    while read -r uri dist; do
      case $dist in
        *-security | */updates) printf 'security %s\n' "$uri" ;;
        # Exact names only: third-party archives like to call their suites bookworm-something.
        bullseye | bookworm | trixie | forky | duke | sid | oldoldstable | oldstable | stable | testing | unstable)
          printf 'main %s\n' "$uri"
          ;;
      esac
    done | awk '!seen[$0]++'
}

# A private apt: own state, own cache, deb-src lines only. Of the machine's configuration it takes over how to reach the
# network (Acquire::, proxies among it) but no hooks, and it never accepts what is not signed.
prepare_apt() {
  local dir
  for dir in machine/lists/partial state/lists/partial cache/archives/partial sources.list.d \
    "${source_packages[@]/#/download/}"; do
    mkdir -p "$apt/$dir"
  done
  : >"$apt/state/status"
  {
    apt-config dump | grep '^Acquire::' || true
    cat <<CONF
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources.list.d";
Dir::State "$apt/state";
Dir::State::status "$apt/state/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
APT::Get::List-Cleanup "false";
APT::Update::Error-Mode "any";
CONF
  } >"$apt/apt.conf"
  # As root apt downloads as the user _apt, which must be able to write there.
  if ((EUID == 0)) && id -u _apt >/dev/null 2>&1; then
    chmod 755 "$apt"
    chown _apt "$apt/state/lists/partial" "$apt"/download/*
  fi
}

private_apt() {
  local command=$1
  shift
  APT_CONFIG="$apt/apt.conf" "apt-$command" -q "$@"
}

# Leaves one sources.list.d entry for each suite that can be had and is signed by Debian.
find_suites() {
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg count=0 kind uri dist dists list reply
  [[ -r $keyring ]] || {
    note "deps: $keyring is missing (package debian-archive-keyring)"
    return 1
  }
  while read -r kind uri; do
    case $kind in
      main) dists=("$suite" "$suite-updates") ;;
      security) dists=("$suite-security") ;;
    esac
    for dist in "${dists[@]}"; do
      list="$apt/sources.list.d/$((count += 1)).list"
      printf 'deb-src [signed-by=%s] %s %s main\n' "$keyring" "$uri" "$dist" >"$list"
      if reply=$(private_apt get -o "Dir::Etc::sourceparts=/dev/null" -o "Dir::Etc::sourcelist=$list" update 2>&1); then
        printf '%s\n' "$reply"
        continue
      fi
      printf '%s\n' "$reply"
      rm -- "$list"
      if [[ $reply == *NO_PUBKEY* ]]; then
        note "      skipped $dist: its key is not in debian-archive-keyring; upgrade that package"
      else
        note "      skipped $dist: it could not be had from there, see the log"
      fi
    done
  done < <(machine_mirrors)
  local lists=("$apt"/sources.list.d/*.list)
  ((${#lists[@]} > 0)) || return 1
  grep -q -e "$suite-security" "${lists[@]}" ||
    note "      no security archive among the machine's apt sources: security updates come with Debian's point releases"
}

# Downloads a source package, newest version first: a mirror may announce a version and not have its files.
download() {
  local package=$1 dir="$apt/download/$1" version newest=
  while read -r version; do
    : "${newest:=$version}"
    if (cd "$dir" && private_apt get source --only-source --download-only "$package=$version"); then
      [[ $version == "$newest" ]] ||
        note "      $package: the mirror announces $newest but does not deliver it; taking $version"
      store_sources "$package" "$version"
      return
    fi
  done < <(private_apt cache madison "$package" |
    awk -F ' *[|] *' -v package="$package" '{ sub(/^ +/, "", $1) } $1 == package && / Sources$/ { print $2 }' |
    sort -Vru)
  return 1
}

# Keeps what apt has just verified, and nothing of older versions, for the next build.
store_sources() {
  local package=$1 version=$2 dir="$apt/download/$1" store="$root/sources/$1" dsc
  dsc="${package}_${version#*:}.dsc"
  rm -rf -- "$store"
  mkdir -p "$store"
  cp -p -- "$dir/$dsc" "$store/"
  sed -n '/^Checksums-Sha256:/,/^[^ ]/s/^ [0-9a-f]* [0-9]* //p' "$dir/$dsc" |
    while read -r file; do cp -p -- "$dir/$file" "$store/"; done
  printf '%s\n' "$version" >"$store/version"
  (cd "$store" && sha256sum -- * >SHA256SUMS)
}

stored_sources_good() {
  [[ -f $root/sources/$1/SHA256SUMS ]] && (cd "$root/sources/$1" && sha256sum --check --strict --quiet SHA256SUMS)
}

fetch_sources() {
  local package online=yes store dsc
  prepare_apt
  if ! find_suites; then
    online=no
    note "      no Debian mirror could be used; looking for sources of an earlier run"
  fi
  mkdir -p "$work/src"
  for package in "${source_packages[@]}"; do
    store="$root/sources/$package"
    stored_sources_good "$package" || rm -rf -- "$store"
    # apt does not fetch a file that is there already and matches the signed index.
    [[ ! -d $store ]] || cp -p -- "$store"/* "$apt/download/$package/"
    if [[ $online == yes ]] && download "$package"; then
      :
    elif [[ -d $store ]]; then
      note "      $package: taking the sources of an earlier run, not compared with the mirror"
    else
      note "deps: the source package $package cannot be had. The machine's apt sources must name a Debian mirror"
      note "deps: with the suite $suite; otherwise set AZF_DEBIAN_MIRROR and AZF_DEBIAN_SECURITY_MIRROR."
      return 1
    fi
    dsc=("$store"/*.dsc)
    dpkg-source --no-copy --extract "${dsc[0]}" "$work/src/$package"
  done
}

version_of() { cat -- "$root/sources/$1/version"; }

# AES-GCM has one more implementation for processors with AVX-512: 0.7 MB of unrolled code for megabytes a millisecond,
# which no network brings. No option leaves it out; this takes the branch that its generator has for old assemblers.
leave_out_wide_gcm() {
  local generator=crypto/modes/asm/aes-gcm-avx512.pl
  sed -i 's/^if (\$avx512vaes>0)/if (0)/' "$generator"
  grep -q '^if (0)' "$generator" ||
    note "      this OpenSSL keeps its AES-GCM for AVX-512: the handler gets 0.7 MB larger"
}

# The libraries are installed as if into /usr and moved: a real prefix would put a path of the build machine into
# libcrypto, hence into every binary linked with it.
build_openssl() {
  cd "$work/src/openssl"
  leave_out_wide_gcm
  # The date of the build is compiled in; this makes two builds of one source equal.
  SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -S Timestamp)
  export SOURCE_DATE_EPOCH
  CFLAGS=$(compiler_flags) perl Configure --prefix=/usr --libdir=lib --openssldir=/etc/ssl "${openssl_options[@]}"
  nice -n 5 make -j "$(nproc)" build_libs
  make DESTDIR="$work/stage" install_dev
  # pkg-config shall find the libraries wherever they are.
  # shellcheck disable=SC2016
  sed -i 's|^prefix=.*|prefix=${pcfiledir}/../..|' "$stage"/lib/pkgconfig/*.pc
}

build_curl() {
  cmake -S "$work/src/curl" -B "$work/build-curl" -G Ninja "${curl_options[@]}" \
    -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="$(compiler_flags) -ffile-prefix-map=$work=." \
    -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib \
    -DOPENSSL_ROOT_DIR="$stage" -DOPENSSL_USE_STATIC_LIBS=ON
  nice -n 5 cmake --build "$work/build-curl"
  DESTDIR="$work/stage" cmake --install "$work/build-curl"
  local archive
  for archive in "${machine_archives[@]}"; do
    cp -L -- "$(gcc -print-file-name="$archive")" "$stage/lib/"
  done
  # curl's own package file asks FindZLIB, which answers with libz.so; ours names the archives beside it. The version
  # file is good as it is.
  local package_dir="$stage/lib/cmake/CURL"
  find "$package_dir" -type f ! -name CURLConfigVersion.cmake -delete
  cp -- "$parts_dir/CURLConfig.cmake" "$package_dir/"
  # CMake is the one way in; these tell of shared libraries and of tools that are not here.
  rm -rf -- "$stage/lib/pkgconfig/libcurl.pc" "${stage:?}/bin"
}

install_httplib() {
  cmake -S "$work/src/cpp-httplib" -B "$work/build-httplib" -G Ninja \
    -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib -DHTTPLIB_COMPILE=OFF \
    -DHTTPLIB_USE_OPENSSL_IF_AVAILABLE=OFF -DHTTPLIB_USE_ZLIB_IF_AVAILABLE=OFF \
    -DHTTPLIB_USE_BROTLI_IF_AVAILABLE=OFF -DHTTPLIB_USE_ZSTD_IF_AVAILABLE=OFF
  DESTDIR="$work/stage" cmake --install "$work/build-httplib"
}

# Links one static program with all of it and runs it, then writes the file that marks the prefix as complete.
check_and_describe() {
  cmake -S "$parts_dir/check" -B "$work/build-check" -G Ninja -DCMAKE_PREFIX_PATH="$stage"
  cmake --build "$work/build-check"
  "$work/build-check/check"
  if grep -rlF -e "$work" -e "$root" "$stage"; then
    echo "these files name a path of this build"
    return 1
  fi

  local package
  for package in "${source_packages[@]}"; do
    install -D -m 644 "$work/src/$package/debian/copyright" "$stage/share/doc/$package/copyright"
  done
  for package in "${machine_packages[@]}"; do
    install -D -m 644 "/usr/share/doc/$package/copyright" "$stage/share/doc/$package/copyright"
  done
  {
    for package in "${source_packages[@]}"; do
      printf '%s %s\n' "$package" "$(version_of "$package")"
    done
    dpkg-query -W -f '${Package} ${Version}\n' "${machine_packages[@]}"
    printf 'gcc %s\n' "$(gcc --version | sed -n '1s/^gcc //p')"
  } >"$stage/VERSIONS"
}

# --- main --------------------------------------------------------------------------------------------------------

same_versions_built() {
  local package
  for package in "${source_packages[@]}"; do
    grep -qxF "$package $(version_of "$package")" "$prefix/VERSIONS" || return 1
  done
}

hint_age() {
  [[ -z $(find "$prefix/VERSIONS" -mtime "+$refresh_hint_days") ]] ||
    note "deps: built more than $refresh_hint_days days ago; scripts/deps.sh --refresh takes newer security updates"
}

remove_leftovers() { rm -rf -- "$root"/.build-* "$root"/.old-*; }

clean() {
  local dir name
  remove_leftovers
  for dir in "$root"/*/ "$root"/logs/*/; do
    name=$(basename "$dir")
    [[ $name =~ ^[0-9a-f]{16}$ && $name != "$key" ]] || continue
    [[ $dir == "$root"/logs/* ]] || note "deps: removing $name"
    rm -rf -- "${dir%/}"
  done
}

build() {
  work=$(mktemp -d "$root/.build-XXXXXX")
  apt=$(mktemp -d "${TMPDIR:-/tmp}/azf-deps.XXXXXX")
  trap 'rm -rf -- "$work" "$apt"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  stage="$work/stage/usr"
  logs="$root/logs/$key"
  mkdir -p "$logs" "$root/sources"

  run_step 1 sources "sources: fetching openssl, curl and cpp-httplib of Debian $suite" fetch_sources
  if [[ -f $prefix/VERSIONS ]] && same_versions_built; then
    note "deps: the mirror has nothing newer than what is built"
    touch "$prefix/VERSIONS"
    return
  fi
  run_step 2 openssl "openssl $(version_of openssl): building (about 2 minutes on two cores)" build_openssl
  run_step 3 curl "curl $(version_of curl): building (about 1 minute)" build_curl
  run_step 4 httplib "cpp-httplib $(version_of cpp-httplib): installing" install_httplib
  run_step 5 check "check: linking a static program with all of it" check_and_describe

  [[ ! -e $prefix ]] || mv -- "$prefix" "$root/.old-$key"
  mv -- "$stage" "$prefix"
  remove_leftovers
  note "deps: ready"
}

main() {
  local action=build
  (($# <= 1)) || die "one option at most; see --help"
  case ${1:-} in
    '') ;;
    --print-prefix) action=print ;;
    --refresh) action=refresh ;;
    --clean) action=clean ;;
    --help | -h)
      usage
      return
      ;;
    *) die "unknown option $1; see --help" ;;
  esac

  command -v gcc >/dev/null || die "missing: gcc. Run scripts/setup.sh first."
  root=${AZF_DEPS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/azf-deps}
  root=$(realpath -m -- "$root")
  key=$(prefix_key)
  prefix="$root/$key"

  if [[ $action == print || ($action == build && -f $prefix/VERSIONS) ]]; then
    [[ $action == print ]] || hint_age
    printf '%s\n' "$prefix"
    return
  fi

  [[ $action == clean ]] || require_tools
  mkdir -p "$root"
  exec 9>"$root/.lock"
  if ! flock -n 9; then
    note "deps: another run is at work in $root; waiting for it"
    flock 9
  fi
  if [[ $action == clean ]]; then
    clean
    return
  fi
  remove_leftovers
  # The other run may have done it.
  [[ $action == build && -f $prefix/VERSIONS ]] || build
  printf '%s\n' "$prefix"
}

# Bash reads a script while it runs it. The braces make it read to the end now, so an edit cannot disturb a long run.
{
  main "$@"
  exit
}
