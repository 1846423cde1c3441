//! What is written comes back.

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_written_comes_back() {
    let mut content = full_content();
    let (read_back, damages) = read(&write(&content));
    assert_eq!(damages, []);
    // a list without entries says nothing
    content.fds.retain(|(_, fds)| !fds.is_empty());
    assert_eq!(read_back, content);
}

#[test]
fn many_threads_come_in_several_blocks_and_items() {
    let content =
        Content { sections: vec![(1, 2)], threads: (0..40_000).map(full_thread).collect(), ..Content::default() };
    let (read_back, damages) = read(&write(&content));
    assert_eq!((damages, read_back), (Vec::new(), content));
}

#[test]
fn what_falco_would_refuse_is_cut_and_counted() {
    let mut writer = ScapWriter::new(Vec::new()).unwrap();
    let long = Text::from(vec![b'x'; 70_000]);
    let thread = ScapThread { cwd: long.clone(), args: long.clone(), ..full_thread(1) };
    writer.write_threads([&thread]).unwrap();
    let head = ScapEventHead { code: EventKind::READ.0, cpu: 0, ts_ns: 1, tid: 1 };
    writer.write_event(head, &[&[0; 8], &long, &[0; 8], &[0; 4]]).unwrap();
    assert_eq!(writer.shortened(), 4);
    let (content, damages) = read(&writer.finish().unwrap());
    assert_eq!(damages, []);
    assert_eq!((content.threads[0].cwd.len(), content.threads[0].args.len()), (1023, 4096));
    let params = &content.events[0].params;
    assert_eq!((params[0].len(), params[2].len(), params[3].len()), (8, 8, 4));
    assert!((65_000..65_536).contains(&params[1].len()), "{}", params[1].len());
}

#[test]
fn compressed_files_and_files_one_after_the_other_are_read() {
    use std::io::Write as _;
    let plain = small_file();
    let (content, _) = read(&plain);
    let mut gzip = flate2_of(&plain);
    assert_eq!(read(&gzip), (content.clone(), Vec::new()));
    assert!(ScapReader::looks_like_scap(&gzip[..200]));
    gzip.write_all(&flate2_of(&plain)).unwrap();
    let (twice, damages) = read(&gzip);
    assert_eq!((twice.sections.len(), twice.events.len()), (2, content.events.len() * 2));
    assert_eq!(damages, []);
}

fn flate2_of(bytes: &[u8]) -> Vec<u8> {
    crate::format::envelope::gzip(bytes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn events_of_any_kind_with_any_parameters_come_back(
        events in proptest::collection::vec(
            (0u16..454, any::<u16>(), any::<u64>(), any::<i64>(),
             proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..12)),
            0..40,
        )
    ) {
        let events = events.into_iter().map(|(code, cpu, ts_ns, tid, params)| OwnedEvent {
            head: ScapEventHead { code, cpu, ts_ns, tid },
            flags: 0,
            params,
        });
        let content = Content { sections: vec![(1, 2)], events: events.collect(), ..Content::default() };
        prop_assert_eq!(read(&write(&content)), (content, Vec::new()));
    }
}
