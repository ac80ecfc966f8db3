//! What is overwritten, what is found again, and what is found first.

use super::*;

#[test]
fn what_was_freed_first_is_overwritten_first() {
    let mut blocks = Blocks::new(6, 1);
    blocks.take(4);
    let units: Vec<Unit> = (0..4).map(|id| blocks.name(id)).collect();
    assert_eq!((blocks.free(), blocks.used()), (2, 4));
    // The last of a chain goes before its first.
    units.iter().rev().for_each(|unit| blocks.release(*unit));
    assert_eq!(blocks.known(&[0, 1, 2, 3, 9]), Known { units: 4, free_blocks: 4 });
    blocks.take(3);
    assert_eq!(blocks.known(&[0, 1, 2, 3]).units, 3, "two held nothing, one the last");
    assert_eq!(blocks.hold(1), units[1]);
    assert_eq!(blocks.known(&[0, 1, 2]), Known { units: 3, free_blocks: 2 });
    blocks.take(1);
    assert_eq!(blocks.known(&[0, 1, 2]).units, 2);
    blocks.take(1);
    assert_eq!((blocks.free(), blocks.known(&[0]).units, blocks.known(&[1]).units), (0, 0, 1));
}

#[test]
fn what_was_kept_goes_from_its_end_on_and_can_be_taken_again() {
    let mut blocks = Blocks::new(9, 2);
    blocks.take(9);
    blocks.give(1);
    let kept = blocks.keep(6);
    assert_eq!((blocks.free(), blocks.free_before_known()), (7, 1));
    blocks.take(2);
    assert_eq!((blocks.kept_units(&kept), blocks.free()), (2, 5), "half a unit is none");
    blocks.reclaim(kept, 1);
    assert_eq!((blocks.free(), blocks.free_before_known()), (3, 3), "what is left is free");
    blocks.take(3);
    let gone = blocks.keep(2);
    blocks.take(2);
    assert_eq!((blocks.kept_units(&gone), blocks.free()), (0, 0));
    blocks.give(1);
    blocks.reclaim(gone, 0);
    let entries = blocks.entries.len();
    blocks.keep(1);
    assert_eq!((blocks.free(), blocks.entries.len()), (2, entries), "its entry is used again");
}

#[test]
fn a_unit_that_loses_a_block_is_no_longer_known() {
    let mut blocks = Blocks::new(8, 4);
    blocks.take(8);
    for id in [7, 8] {
        let unit = blocks.name(id);
        blocks.release(unit);
    }
    blocks.take(1);
    assert_eq!((blocks.known(&[7]).units, blocks.known(&[8]).units, blocks.free()), (0, 1, 7));
    blocks.hold(8);
    blocks.take(3);
    blocks.give(3);
    assert_eq!((blocks.free(), blocks.used()), (3, 5));
}

#[test]
fn of_equal_blocks_the_first_is_found_until_it_is_overwritten() {
    let mut blocks = Blocks::new(4, 1);
    blocks.note();
    blocks.take(4);
    let [one, two, three] = [0; 3].map(|_| blocks.name(7));
    assert!(blocks.has_twins());
    blocks.release(two);
    assert_eq!(blocks.known(&[7]), Known { units: 1, free_blocks: 0 }, "the first is in use");
    blocks.release(one);
    assert_eq!(blocks.known(&[7]), Known { units: 1, free_blocks: 1 });
    // The second was freed first.
    blocks.take(1);
    assert_eq!(blocks.known(&[7]), Known { units: 1, free_blocks: 1 });
    blocks.take(1);
    assert_eq!(blocks.known(&[7]), Known { units: 1, free_blocks: 0 }, "the third");
    blocks.release(three);
    assert_eq!(blocks.hold(7), three);
    blocks.release(three);
    blocks.take(1);
    assert_eq!(blocks.known(&[7]).units, 0);
    assert_eq!(blocks.take_noted().collect::<Vec<_>>(), [(7, true), (7, false)]);
}

#[test]
fn what_is_not_full_is_overwritten_before_all_else() {
    let mut blocks = Blocks::new(4, 1);
    blocks.take(4);
    let unit = blocks.name(7);
    blocks.give(1);
    blocks.release(unit);
    blocks.give_first(2);
    blocks.take(3);
    assert_eq!(blocks.known(&[7]).units, 1);
    blocks.take(1);
    assert_eq!(blocks.known(&[7]).units, 0);
}
