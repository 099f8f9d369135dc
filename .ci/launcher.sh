#!/bin/sh
# The workflow run tracker in one file: this launcher, and behind it a directory, compressed in
# two halves.
#
# The directory is unpacked once for each version, into a place of the user's own, and executed
# there; later starts unpack nothing, and nothing is ever written to /tmp. A running process
# shares a lock on its directory, so that no other version removes it. Who unpacks locks the
# place, so that two who start at once unpack once. What a killed one leaves is removed by the
# next; what a power cut may have left half written is unpacked again. Needs only what Debian
# calls essential: dash, coreutils, awk, tar, gzip, util-linux, libc-bin.

NAME='@NAME@'             # of the directory: version and digest of what is packed
FIRST=@FIRST@             # the byte of this file where the first half of the directory begins,
SECOND=@SECOND@           # and the second; the very first byte is 1
KILOBYTES=@KILOBYTES@     # its size unpacked
MACHINE='@MACHINE@'
GLIBC_MINOR=@GLIBC_MINOR@ # the oldest glibc is 2.this
CACHE='@CACHE@'           # the installed service's place

set -fu
IFS='
'
user=$(id -u)
why=''

# Say why a place can't be used, and go on with the next.
refuse() {
  why="$why
  $1: $2"
  return 1
}

# Where it may be unpacked, best first, one a line.
places() {
  if [ -n "${TRACKER_HOME:-}" ]; then
    echo "$TRACKER_HOME"
    return
  fi
  [ -n "${CACHE_DIRECTORY:-}" ] && echo "${CACHE_DIRECTORY%%:*}" # systemd's CacheDirectory=
  # Commands of the service's user: it has the same directory, and its home is the data.
  [ -O "$CACHE" ] && echo "$CACHE"
  [ -d "${XDG_CACHE_HOME:-}" ] && echo "$XDG_CACHE_HOME/tracker"
  [ -d "${HOME:-}" ] && echo "$HOME/.cache/tracker"
  echo "$CACHE"
}

# The first directory, from $1 upwards, that somebody else than this user and root can change.
# Above the place, a sticky directory such as /tmp will do: nobody renames in it what isn't his.
open_to_others() {
  path=$1
  place=${1%/*}
  set --
  while [ -n "$path" ]; do
    set -- "$@" "$path"
    path=${path%/*}
  done
  stat -c '%u %a %n' -- "$@" / 2>/dev/null | while IFS=' ' read -r owner mode path; do
    case $path in "$place" | "$place"/*) sticky=0 ;; *) sticky=$((0$mode & 01000)) ;; esac
    if [ "$owner" != 0 ] && [ "$owner" != "$user" ]; then
      echo "$path"
    elif [ $((0$mode & 022)) != 0 ] && [ "$sticky" = 0 ]; then
      echo "$path"
    fi
  done | head -n 1
}

# Whether an unpacked directory is whole. Until it is on the disk, a file in it names the boot
# of the machine since when it is at least in memory; after another boot it may be half there.
whole() {
  [ -x "$1/tracker" ] || return
  [ -e "$1/.in-memory" ] || return 0
  boot='' && read -r boot <"$1/.in-memory"
  [ -n "$boot" ] && [ "$boot" = "$(this_boot)" ]
}

this_boot() {
  cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo unknown
}

# Share the lock of the unpacked directory; it is held through exec, for as long as it runs.
hold() {
  whole "$directory" && command exec 9<"$directory" && flock -s 9 &&
    [ -x "$directory/tracker" ] # it may have been removed before the lock was there
}

# Said before anything is unpacked, because the loader's own words help nobody.
fit_for_this_machine() {
  [ "$(uname -m)" = "$MACHINE" ] || {
    echo "tracker: this file is for $MACHINE, and this machine is $(uname -m)" >&2
    exit 1
  }
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null)
  minor=${glibc#glibc 2.}
  [ "${minor%%.*}" -ge "$GLIBC_MINOR" ] 2>/dev/null || {
    echo "tracker: glibc 2.$GLIBC_MINOR or later is needed, and here is ${glibc:-none}" >&2
    exit 1
  }
}

# Unpack beside the final name and rename: what has that name is whole.
unpack() {
  command exec 8<"$home" || return
  flock -w 120 8 || refuse "$home" 'another process has been unpacking there for two minutes' || return
  hold && return # unpacked by another meanwhile
  fit_for_this_machine
  new=$home/.unpacking
  rm -rf -- "$new" "$home/.removing" "$directory"
  if fill "$new" && mv -T -- "$new" "$directory" && hold; then
    remove_others
    put_on_disk
  else
    rm -rf -- "$new"
    return 1
  fi
}

# Unpack into a new directory, after a look at whether that can succeed.
fill() {
  (umask 077 && mkdir -- "$1" && : >"$1/probe" && chmod 700 "$1/probe") 2>/dev/null ||
    refuse "$home" "user $user can't write there" || return
  [ -x "$1/probe" ] || refuse "$home" 'mounted noexec, no program may run there' || return
  rm -f -- "$1/probe"
  room=$(df -Pk -- "$home" | awk 'END { print $4 }')
  [ "${room:-0}" -gt "$KILOBYTES" ] ||
    refuse "$home" "$((KILOBYTES / 1024 + 1)) MiB are needed, ${room:-0} KiB are free" || return
  said=$(umask 077 && both_halves "$1" 2>&1) && (umask 077 && this_boot >"$1/.in-memory") ||
    refuse "$home" "could not be unpacked there (${said%%"$IFS"*}); if $0 is damaged, copy it again"
}

# Inflating takes longest, so both halves are inflated at once, where there are two processors.
both_halves() {
  tail -c "+$SECOND" -- "$0" | untar "$1" &
  tail -c "+$FIRST" -- "$0" | head -c "$((SECOND - FIRST))" | untar "$1"
  first=$?
  wait "$!" && [ "$first" = 0 ]
}

untar() {
  tar -xzf - -C "$1" --no-same-owner --no-same-permissions
}

# Nobody waits for the disk; the process that does holds no lock and is nobody's child.
put_on_disk() {
  (
    { sync -f "$directory" && rm -f -- "$directory/.in-memory"; } \
      8<&- 9<&- </dev/null >/dev/null 2>&1 &
  )
}

# Directories of other versions that nobody runs; renamed first, so that none is ever half there.
remove_others() {
  set +f
  for other in "$home"/tracker-*; do
    [ "$other" = "$directory" ] ||
      flock -nx "$other" mv -T -- "$other" "$home/.removing" 2>/dev/null &&
      rm -rf -- "$home/.removing"
  done
  set -f
}

# Run it from a place, with the arguments that follow; returns only when that can't be done.
run_from() {
  (umask 077 && mkdir -p -- "$1") 2>/dev/null ||
    refuse "$1" "can't be made by user $user" || return
  home=$(cd -P -- "$1" 2>/dev/null && pwd -P) || refuse "$1" "can't be entered" || return
  directory=${home%/}/$NAME
  others=$(open_to_others "$directory")
  [ -z "$others" ] || refuse "$home" "others can change $others; take their right to write" || return
  shift
  hold || unpack || return
  exec 8<&-
  case $0 in /*) _TRACKER_FILE=$0 ;; *) _TRACKER_FILE=$PWD/$0 ;; esac
  export _TRACKER_FILE
  exec "$directory/tracker" "$@"
}

for place in $(places); do
  run_from "$place" "$@"
done
cat >&2 <<END
tracker: there is nowhere to unpack to:$why
Name a directory of your own in TRACKER_HOME, on a file system that may run programs and has
$((KILOBYTES / 1024 + 1)) MiB free; in a systemd unit, CacheDirectory=tracker makes one.
END
exit 1
