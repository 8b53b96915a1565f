use super::*;
use crate::capsule::{self, AUTH_CASCADE};
use crate::eval::situation_at_end;

#[test]
fn cascade() {
    let capsule = capsule::parse(AUTH_CASCADE.as_bytes()).unwrap();
    let situation = situation_at_end(&capsule);
    let health = auth_health(&situation);
    for it in &health.hops {
        eprintln!("{it:?}");
    }
    eprintln!("{:?} {:?}", health.first_unexplained, health.gaps);
    let story = super::super::story(&situation, None);
    for it in &story.events {
        eprintln!("{} {:?} {:?} {:?}", it.at, it.service, it.stage, it.what);
    }
    for it in &story.links {
        eprintln!("{it:?}");
    }
    eprintln!("{:?} {:?}", story.path, story.gaps);
    panic!();
}
