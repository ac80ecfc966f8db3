//! A workload fitted to a trace.
