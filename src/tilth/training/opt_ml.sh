# Runs a command that finds the folder BASE at /opt/ml, and the host algo-1: sh opt_ml.sh BASE SCRATCH FOLDER COMMAND…
# What is mounted below BASE is there too. It runs in FOLDER. SCRATCH is an empty folder. All mounts are those of this process: it must have a mount namespace of its own.
set -e
base=$1 scratch=$2 folder=$3
shift 3
if [ -d /opt/ml ]; then
    mount --rbind "$base" /opt/ml
else # a file system with all that is in /opt, and ml
    mkdir "$scratch/opt"
    mount -t tmpfs -o mode=755 tmpfs "$scratch/opt"
    for entry in /opt/* /opt/.[!.]*; do
        to=$scratch/opt/${entry#/opt/}
        if [ -L "$entry" ]; then
            cp -P "$entry" "$to"
        elif [ -d "$entry" ]; then
            mkdir "$to"
            mount --rbind "$entry" "$to"
        elif [ -e "$entry" ]; then
            : >"$to"
            mount --bind "$entry" "$to"
        fi
    done
    mkdir "$scratch/opt/ml"
    mount --rbind "$base" "$scratch/opt/ml"
    mount --rbind "$scratch/opt" /opt
fi
if [ -f /etc/hosts ]; then
    { cat /etc/hosts && echo "127.0.0.1 algo-1"; } >"$scratch/hosts"
    mount --bind "$scratch/hosts" /etc/hosts
fi
cd "$folder"
exec "$@"
