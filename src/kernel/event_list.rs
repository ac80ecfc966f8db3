//! The event list: what is due next.
//!
//! An implicit 4-ary heap of packed keys, with the events themselves in a slab.
//! It was chosen by measurement against the standard heap and a calendar queue
//! (`benches/event_list.rs`, figures in `docs/performance.md`). What makes it
//! fast:
//!
//! - A key is one `u128`, `time 64 | late 1 | order 31 | slot 32`, so that one
//!   comparison settles time, class and FIFO order, and sifting moves 16 bytes
//!   whatever the event.
//! - The four children of a node share one cache line, unused places hold a key
//!   greater than any other, and so the least child is found without a branch.
//! - `pop` leaves a hole at the root, which the next `push` fills: a handler
//!   that schedules its successor pays for one sift, not two.
//!
//! Late events come after all ordinary ones of their instant, those pushed after
//! them included: the time of an event is superdense, (instant, class), as in Ptolemy.
//!
//! `order` would reach the bit of the class after 2^31 events; before it does, the
//! keys are numbered anew in their order. Cancelled events leave a dead key behind, which is
//! dropped when it surfaces, or when half of all keys are dead.

use std::num::NonZeroU64;

use super::time::Time;

/// A key greater than that of any event.
const NONE: u128 = u128::MAX;
/// The bit of a key's order that puts a late event after the ordinary ones of its
/// instant; the order proper stays below it.
const LATE: u32 = 1 << 31;
/// Compacting fewer dead keys than this is not worth the call.
const FEW: usize = 64;

/// Four sibling keys, in one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Siblings([u128; 4]);

impl Siblings {
    /// The lane and the key of the least sibling.
    #[inline]
    fn least(&self) -> (usize, u128) {
        let [first, second, third, fourth] = self.0;
        let left = if second < first { (1, second) } else { (0, first) };
        let right = if fourth < third { (3, fourth) } else { (2, third) };
        if right.1 < left.1 { right } else { left }
    }
}

/// A place in the slab; its key holds the index.
#[derive(Clone, Debug)]
struct Slot<E> {
    serial: u64,
    /// `None` when free, or when cancelled and the key is still in the heap.
    event: Option<E>,
}

/// Names a scheduled event, for [`cancel`](EventList::cancel). Never names
/// another event, even after the first has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    serial: NonZeroU64,
    slot: u32,
}

/// Events ordered by time; among equal times the ordinary before the late, and by
/// order of scheduling within each class.
///
/// ```
/// use windtunnel::kernel::{EventList, Time};
///
/// let mut list = EventList::default();
/// let tea = list.push(Time(5), "tea");
/// list.push(Time(3), "wake");
/// list.push(Time(5), "toast");
/// assert_eq!(list.cancel(tea), Some("tea"));
/// assert_eq!(list.cancel(tea), None);
/// assert_eq!(list.pop(), Some((Time(3), "wake")));
/// assert_eq!(list.pop(), Some((Time(5), "toast")));
/// assert_eq!(list.pop(), None);
///
/// list.push_late(Time(8), "tidy up");
/// list.push(Time(8), "eat");
/// assert_eq!(list.pop(), Some((Time(8), "eat")));
/// assert_eq!(list.pop(), Some((Time(8), "tidy up")));
/// ```
#[derive(Clone, Debug)]
pub struct EventList<E> {
    /// Node `n` is at place `n + 3`, so that the children of `n`, nodes
    /// `4n + 1` to `4n + 4`, fill line `n + 1`.
    lines: Vec<Siblings>,
    /// Nodes in use, the root's among them even while it is open.
    nodes: usize,
    /// Whether the root is a hole, left by `pop`.
    open: bool,
    slots: Vec<Slot<E>>,
    free: Vec<u32>,
    /// Cancelled events whose keys are still in the heap.
    dead: usize,
    /// Number of the last event pushed.
    serial: u64,
    /// Order of the next key, whatever its class; at most [`LATE`].
    order: u32,
}

impl<E> Default for EventList<E> {
    fn default() -> Self {
        EventList {
            lines: vec![Siblings([NONE; 4])],
            nodes: 0,
            open: false,
            slots: Vec::new(),
            free: Vec::new(),
            dead: 0,
            serial: 0,
            order: 0,
        }
    }
}

impl<E> EventList<E> {
    /// The number of events to come.
    pub fn len(&self) -> usize {
        self.nodes - usize::from(self.open) - self.dead
    }

    /// Whether no event is to come.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an event.
    ///
    /// # Panics
    /// With 2^31 events pending, which need some 100 GB of memory first.
    #[inline]
    pub fn push(&mut self, time: Time, event: E) -> EventId {
        self.insert(time, 0, event)
    }

    /// Adds an event that comes after all ordinary events at `time`, those added
    /// later included, and after the late ones that are there already.
    ///
    /// # Panics
    /// As [`push`](EventList::push).
    #[inline]
    pub fn push_late(&mut self, time: Time, event: E) -> EventId {
        self.insert(time, LATE, event)
    }

    #[inline]
    fn insert(&mut self, time: Time, class: u32, event: E) -> EventId {
        if self.order == LATE {
            self.renumber();
        }
        self.serial += 1;
        let slot = self.store(self.serial, event);
        let order = class | self.order;
        let key = u128::from(time.0) << 64 | u128::from(order) << 32 | u128::from(slot);
        self.order += 1;
        if self.open {
            self.open = false;
            self.sift_down(0, key);
        } else {
            self.nodes += 1;
            self.sift_up(self.nodes - 1, key);
        }
        // A serial begins at 1 and cannot wrap within a lifetime.
        EventId { serial: NonZeroU64::new(self.serial).unwrap_or(NonZeroU64::MAX), slot }
    }

    /// When the next event is due, and whether it is a late one.
    ///
    /// ```
    /// use windtunnel::kernel::{EventList, Time};
    ///
    /// let mut list = EventList::default();
    /// assert_eq!(list.peek(), None);
    /// list.push_late(Time(8), "tidy up");
    /// assert_eq!(list.peek(), Some((Time(8), true)));
    /// let eat = list.push(Time(8), "eat");
    /// assert_eq!(list.peek(), Some((Time(8), false)));
    /// list.cancel(eat);
    /// assert_eq!(list.peek(), Some((Time(8), true)));
    /// ```
    pub fn peek(&mut self) -> Option<(Time, bool)> {
        let key = self.next_key()?;
        Some((Time((key >> 64) as u64), (key >> 32) as u32 & LATE != 0))
    }

    /// The next event, which stays.
    pub fn first(&mut self) -> Option<&E> {
        let slot = self.next_key()? as u32;
        self.slots[slot as usize].event.as_ref()
    }

    /// The key of the next event; the dead ones before it are dropped.
    fn next_key(&mut self) -> Option<u128> {
        // The root of an empty heap holds what was last there.
        while self.nodes > usize::from(self.open) {
            // An open root stays open for the next push, unless what is below it is dead.
            let key = if self.open {
                self.lines.get(1).map_or(NONE, |line| line.least().1)
            } else {
                self.key(0)
            };
            if self.slots[key as u32 as usize].event.is_some() {
                return Some(key);
            }
            if self.open {
                self.close_root();
            }
            self.open = true;
            self.free.push(key as u32);
            self.dead -= 1;
        }
        None
    }

    /// Removes the next event.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, E)> {
        self.pop_until(Time::MAX)
    }

    /// Removes the next event if it is due at `limit` or before.
    #[inline]
    pub fn pop_until(&mut self, limit: Time) -> Option<(Time, E)> {
        loop {
            if self.open {
                self.close_root();
            }
            let key = self.key(0);
            let time = Time((key >> 64) as u64);
            if self.nodes == 0 || time > limit {
                return None;
            }
            self.open = true;
            let slot = key as u32;
            let event = self.slots[slot as usize].event.take();
            self.free.push(slot);
            match event {
                Some(event) => return Some((time, event)),
                None => self.dead -= 1,
            }
        }
    }

    /// Takes back an event; `None` if it has happened or was cancelled before.
    pub fn cancel(&mut self, id: EventId) -> Option<E> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        if slot.serial != id.serial.get() {
            return None;
        }
        let event = slot.event.take()?;
        self.dead += 1;
        if self.dead > FEW && self.dead * 2 > self.nodes {
            self.drop_dead();
        }
        Some(event)
    }

    #[inline]
    fn store(&mut self, serial: u64, event: E) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Slot { serial, event: Some(event) };
            return slot;
        }
        let slot = u32::try_from(self.slots.len()).ok().filter(|&slot| slot < LATE);
        let slot = slot.expect("fewer than 2^31 events are pending");
        self.slots.push(Slot { serial, event: Some(event) });
        slot
    }

    #[inline]
    fn key(&self, node: usize) -> u128 {
        let place = node + 3;
        self.lines[place / 4].0[place % 4]
    }

    #[inline]
    fn set(&mut self, node: usize, key: u128) {
        let place = node + 3;
        self.lines[place / 4].0[place % 4] = key;
    }

    /// Moves the last key into the hole that `pop` left.
    #[inline]
    fn close_root(&mut self) {
        self.open = false;
        self.nodes -= 1;
        if self.nodes > 0 {
            let last = self.key(self.nodes);
            self.set(self.nodes, NONE);
            self.sift_down(0, last);
        }
    }

    #[inline]
    fn sift_down(&mut self, mut node: usize, key: u128) {
        while let Some(children) = self.lines.get(node + 1) {
            let (lane, least) = children.least();
            if key < least {
                break;
            }
            self.set(node, least);
            node = 4 * node + 1 + lane;
        }
        self.set(node, key);
    }

    #[inline]
    fn sift_up(&mut self, mut node: usize, key: u128) {
        let line = node.div_ceil(4);
        if line == self.lines.len() {
            self.lines.push(Siblings([NONE; 4]));
        }
        while node > 0 {
            let parent = (node - 1) / 4;
            let above = self.key(parent);
            if above < key {
                break;
            }
            self.set(node, above);
            node = parent;
        }
        self.set(node, key);
    }

    /// Drops the keys of cancelled events and restores the heap (Floyd's
    /// method), in time linear in the number of keys.
    #[cold]
    fn drop_dead(&mut self) {
        let live = self.take_live();
        for (node, &key) in live.iter().enumerate() {
            self.set(node, key);
        }
        for node in (0..self.nodes.div_ceil(4)).rev() {
            self.sift_down(node, self.key(node));
        }
    }

    /// Numbers the keys anew, in their order, each in its class.
    #[cold]
    fn renumber(&mut self) {
        let mut live = self.take_live();
        live.sort_unstable();
        self.order = 0;
        // What is sorted is a heap.
        for (node, &key) in live.iter().enumerate() {
            const ORDER: u128 = (LATE as u128 - 1) << 32;
            self.set(node, key & !ORDER | u128::from(self.order) << 32);
            self.order += 1;
        }
    }

    /// Empties the heap of all its keys; returns the living.
    fn take_live(&mut self) -> Vec<u128> {
        let mut live = Vec::with_capacity(self.nodes - self.dead);
        if self.open {
            self.close_root();
        }
        for node in 0..self.nodes {
            let key = self.key(node);
            self.set(node, NONE);
            if self.slots[key as u32 as usize].event.is_some() {
                live.push(key);
            } else {
                self.free.push(key as u32);
            }
        }
        self.dead = 0;
        self.nodes = live.len();
        live
    }
}

#[cfg(test)]
mod tests;
