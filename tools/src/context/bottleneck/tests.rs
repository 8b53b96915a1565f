//! Each kind of limit, met and not met, in small worlds.

use super::*;
use crate::capsule::{self, AUTH_CASCADE};
use crate::eval::situation_at_end;

#[test]
fn cascade() {
    let capsule = capsule::parse(AUTH_CASCADE.as_bytes()).unwrap();
    let mut situation = situation_at_end(&capsule);
    situation.logs = Some(capsule.logs.clone());
    for it in bottlenecks(&situation).bottlenecks {
        eprintln!("{} {:.3} {:?} {:?}", it.service, it.severity, it.limit, it.evidence);
    }
    panic!();
}
