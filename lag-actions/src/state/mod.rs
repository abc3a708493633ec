//! Where state is kept between runs: a file, or a ConfigMap with a Lease.
