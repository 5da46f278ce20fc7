# Ends what our parent started as soon as our stdin closes: the parent closes it, or the kernel does when the parent has
# ended, also by SIGKILL.
#   sh end-with-parent.sh SIGNAL TARGET TENTHS
# TARGET is a process number, or minus the number of a process group. It gets SIGNAL first, because a package manager
# killed at once leaves locks and temporary folders behind, and SIGKILL after TENTHS of a second.
read -r _
kill -"$1" "$2" || exit 0
tenths=0
while kill -0 "$2" && [ "$tenths" -lt "$3" ]; do
  tenths=$((tenths + 1))
  sleep 0.1
done
kill -KILL "$2"
