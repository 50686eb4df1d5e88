//! Credentials as a pod, a machine or a workstation has them, and what becomes of an investigation without one.

mod machine;
mod outages;
mod refusals;
mod workload;
