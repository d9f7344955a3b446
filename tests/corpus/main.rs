//! Planted bugs that a simulator must find, and call by their names.
//!
//! Each is a small program with one mistake, written against `Runtime`, and the same program
//! without it. The simulator has to find the first within 1,000 seeds, also beside a periodic
//! timer, and has to find nothing in the second. What tokio's paused clock finds of them is scored
//! beside it. The table is in the simulator's docs: `runtime-sim/docs/corpus.md`.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

mod blocks;
mod bug;
mod guide;
mod on_sim;
mod on_tokio;
mod table;

mod cancellation;
mod deadlocks;
mod leaks;
mod livelocks;
mod lost_wakeups;
mod nondeterminism;
mod races;
mod stale_wakers;
mod timers;

use crate::bug::{Bug, corpus};

corpus! {
    lost_wakeups {
        a_latch_opens_before_its_waiter_registers: LostWakeup of "waiter";
        an_item_comes_after_its_wake: LostWakeup of "receiver";
        closing_wakes_one_receiver: LostWakeup of "receiver";
        two_waiters_share_one_slot: LostWakeup of "waiter";
        a_wake_dies_with_its_waiter: LostWakeup of "patient";
        only_the_first_of_two_items_wakes: LostWakeup of "receiver";
        a_reply_wakes_who_asked_first: LostWakeup of "collector";
        a_retry_hides_a_lost_wake: LostWakeup of "receiver", with RescueBeforeTime;
    }
    stale_wakers {
        a_reply_keeps_the_first_waker: StaleWaker of "client";
        a_delay_wakes_who_polled_it_first: StaleWaker of "both";
        a_place_in_the_queue_keeps_its_waker: StaleWaker of "runner";
    }
    deadlocks {
        transfers_lock_in_their_own_order: Deadlock of "alice to bob";
        a_rename_waits_for_itself: Deadlock of "rename";
        two_bounded_channels_in_a_circle: Deadlock of "server";
        a_shutdown_keeps_a_sender: Deadlock of "worker";
        a_job_needs_a_second_permit: Deadlock of "job";
        a_newcomer_misses_the_shutdown: Deadlock of "member";
    }
    races {
        a_cache_loads_twice: Panicked of "root";
        a_request_completes_twice: Panicked of "root";
        an_order_overwrites_another: Panicked of "root";
        an_old_value_returns_to_the_cache: Panicked of "root";
        a_reader_sees_a_half_made_value: Panicked of "root";
        replies_are_taken_for_ordered: Panicked of "root";
        a_pool_lends_a_connection_twice: Panicked of "root";
        a_lock_gives_way_too_soon: Panicked of "root";
        a_slow_booking_is_overtaken: Panicked of "root";
    }
    leaks {
        a_heartbeat_outlives_its_session: Leak of "heartbeat";
        a_worker_feeds_its_own_queue: Leak of "worker";
        a_timer_is_kept_by_a_cycle: Leak of "session";
        a_subscriber_waits_for_a_silent_publisher: Leak of "subscriber";
    }
    livelocks {
        a_follower_spins_for_a_leader: Livelock of "follower";
        a_retry_waits_for_zero_time: Livelock of "client";
        two_mirrors_echo_each_other: Livelock of "mirror";
    }
    timers {
        a_timeout_asks_whether_it_is_exactly_then: Panicked of "root", with LateTimers;
        a_reader_relies_on_the_writers_timer: Panicked of "root", with LateTimers;
        a_lease_is_renewed_just_in_time: Panicked of "root", with LateTimers;
        an_interval_is_measured_by_the_wall_clock: Panicked of "root", with WallClockJumps;
        a_second_poll_is_taken_for_the_reply: Panicked of "root", with SpuriousPolls;
    }
    cancellation {
        a_permit_is_lost_before_its_guard: Deadlock of "next", with Cancel;
        an_item_is_lost_with_its_receiver: Panicked of "root", with Cancel;
        a_flight_is_dropped_with_its_leader: Deadlock of "follower", with Cancel;
        a_reply_task_outlives_its_request: Leak of "reply", with Cancel;
    }
    nondeterminism {
        a_hash_map_decides_the_order: Nondeterminism of "publisher", with RunTwice;
        a_global_counter_picks_the_shard: Nondeterminism of "request", with RunTwice;
        a_foreign_thread_wakes_a_task: Nondeterminism of "worker", with RunTwice;
    }
}
