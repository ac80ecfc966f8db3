#!/usr/bin/env bash
# A sweep on a Slurm cluster: an array of shards, and a job that merges them.
#
#   deploy/slurm/submit.sh FILE SHARDS FOLDER [run's options]
#
# FOLDER must be on a file system that all nodes share. The shards go to
# FOLDER/shards, the results to FOLDER/results. WINDTUNNEL names the program if it
# is not on the PATH; SBATCH_PARTITION, SBATCH_ACCOUNT and their like are sbatch's.
# Prints the numbers of the two jobs.
set -euo pipefail
if [ $# -lt 3 ]; then
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2
    exit 2
fi
file=$1
shards=$2
folder=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)

# A mistake in the file is told here, not a hundred times in logs.
"${WINDTUNNEL:-windtunnel}" check "$file" >&2
mkdir -p "$folder"
array=$(sbatch --parsable --array="1-$shards" "$here/shard.sbatch" "$file" "$folder/shards" "$@")
merge=$(sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes \
    "$here/merge.sbatch" "$folder/shards" "$folder/results")
echo "array $array"
echo "merge $merge"
