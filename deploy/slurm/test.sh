#!/usr/bin/env bash
# A real array on a real Slurm of one node, compared with a run on this machine.
#
#   deploy/slurm/test.sh path/to/windtunnel
#
# Takes root, and Slurm or Debian's packages of it; says SKIPPED where they cannot
# be had. Everything runs in a folder of its own and is ended at the end.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$(realpath "${1:-target/release/windtunnel}")

skip() {
    echo "SKIPPED: $*"
    exit 0
}
[ "$(id -u)" = 0 ] || skip "Slurm's test takes root"
if ! command -v slurmctld slurmd sbatch munged >/dev/null; then
    command -v apt-get >/dev/null || skip "there is neither Slurm nor apt-get"
    { apt-get update && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends slurm-wlm munge; } >/tmp/slurm-apt.log 2>&1 ||
        skip "slurm-wlm cannot be installed here (see /tmp/slurm-apt.log)"
fi

work=$(mktemp -d)
pids=()
finish() {
    status=$?
    [ $status = 0 ] || tail -n 30 "$work"/*.log >&2 || true
    kill "${pids[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
    exit $status
}
trap finish EXIT

chmod 755 "$work"
head -c 1024 /dev/urandom >"$work/munge.key"
chmod 400 "$work/munge.key"
host=$(hostname -s)
ctld_port=$((20000 + RANDOM % 20000))
cat >"$work/slurm.conf" <<CONF
ClusterName=windtunnel
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$ctld_port
SlurmdPort=$((ctld_port + 1))
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CryptoType=crypto/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
MailProg=/bin/true
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=8192
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$work/slurm.conf
mkdir "$work/state" "$work/spool"

munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" \
    --pid-file="$work/munged.pid" --seed-file="$work/munge.seed" >"$work/munged-out.log" 2>&1 &
pids+=($!)
for _ in $(seq 300); do
    if [ -S "$work/munge.socket" ]; then break; fi
    sleep 0.1
done
[ -S "$work/munge.socket" ] || skip "munged does not start on this machine"
slurmctld -D -f "$SLURM_CONF" >"$work/slurmctld-out.log" 2>&1 &
pids+=($!)
slurmd -D -f "$SLURM_CONF" >"$work/slurmd-out.log" 2>&1 &
pids+=($!)
wait_for() {
    local what=$1
    shift
    for _ in $(seq 300); do
        if "$@"; then return; fi
        sleep 0.2
    done
    echo "$what did not come about within a minute" >&2
    exit 1
}
is_up() { sinfo -h -o %T 2>/dev/null | grep -qx idle; }
# A container may lack what the daemons want of a machine: that says nothing of ours.
for _ in $(seq 300); do
    if is_up; then break; fi
    sleep 0.2
done
is_up || { tail -n 5 "$work"/slurm*.log; skip "Slurm's daemons do not start on this machine"; }

experiment=$work/experiment.yaml
cat >"$experiment" <<'YAML'
name: cluster
duration: 1m
replications: 4
workload: { arrivals: { poisson: { rate: 20/s } }, prompts: { zipf: { count: 200, exponent: 0.9 } } }
cache: { levels: [ { name: l1, capacity: 20 } ] }
sweep: { grid: { cache.levels.l1.capacity: [5, 20, 80], cache.levels.l1.policy: [lru, fifo] } }
record: { requests: true }
YAML
cd "$work"
export WINDTUNNEL=$program
"$program" run "$experiment" --quiet --out "$work/local"
jobs=$("$OLDPWD/deploy/slurm/submit.sh" "$experiment" 5 "$work/cluster")
echo "$jobs"
merge=$(sed -n 's/^merge //p' <<<"$jobs")
is_merged() { scontrol show job "$merge" | grep -Eq 'JobState=(COMPLETED|FAILED|CANCELLED)'; }
wait_for "the end of the merge job" is_merged
scontrol show job "$merge" | grep -q JobState=COMPLETED || { squeue >&2; exit 1; }
diff --recursive --exclude=timing.csv "$work/local/cluster" "$work/cluster/results/cluster"
shards=$(find "$work/cluster/shards" -name shard.yaml | wc -l)
[ "$shards" = 5 ] || { echo "expected 5 shards, found $shards" >&2; exit 1; }

# One shard is lost: the merge job says which, and its task alone runs again.
rm -r "$work/cluster/shards/cluster.shard-3-of-5"
if "$program" merge "$work/cluster/shards" --out "$work/again" 2>"$work/lost.txt"; then
    echo "a merge without shard 3/5 succeeded" >&2
    exit 1
fi
grep -q "shard 3/5 of cluster is missing" "$work/lost.txt"
SHARDS=5 sbatch --parsable --wait --array=3 "$OLDPWD/deploy/slurm/shard.sbatch" \
    "$experiment" "$work/cluster/shards" >/dev/null
"$program" merge "$work/cluster/shards" --quiet --out "$work/again"
diff --recursive --exclude=timing.csv "$work/local/cluster" "$work/again/cluster"
echo "the cluster's $(find "$work/again/cluster" -type f | wc -l) files are those of one machine"
