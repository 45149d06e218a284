// The event index while others use it: a thread that follows, readers, and what lands meanwhile.

#include "projections/index/event_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "projections/rows.h"
#include "tests/support/ledger.h"
#include "tests/support/scratch_directory.h"

namespace countersign::projections {
namespace {

using testing::uuid_of;

TEST(EventIndex, GivesEachReaderAWholeHistoryWhileItGrows) {
  const testing::ScratchDirectory scratch;
  Views views({.directory = scratch / "views"});
  SegmentStore store(scratch / "index");
  EventIndex index(views, store,
                   {.memory_bytes = 60'000,  // a few segments: readers load what others let go
                    .look_every = std::chrono::milliseconds(1),
                    .chunk_events = 50,
                    .segment_events = 128});
  index.start();
  const domain::AccountId accounts[] = {{uuid_of("one")}, {uuid_of("two")}};
  std::atomic<std::uint64_t> landed = 0;
  constexpr std::uint64_t events = 6'000;

  std::thread writer([&] {
    bus::AcceptanceState position;
    for (std::uint64_t sequence = 1; sequence <= events;) {
      Overlay overlay;
      position.last = bus::next(position.last);
      position.time = bus::TimeMs{static_cast<std::int64_t>(sequence)};
      overlay.begin_frame(position.last, position.time);
      overlay.position = position;
      const auto last = std::min(events, sequence + 36);
      for (const auto& account : accounts) {
        for (auto s = sequence; s <= last; ++s) {
          domain::NewEvent event{.type = domain::EventType::session_seen,
                                 .subject = domain::party(domain::UserId{uuid_of("ada")})};
          const domain::EventStamp stamp{.id = {uuid_of(std::to_string(s))},
                                         .account = account,
                                         .sequence = s,
                                         .time = static_cast<domain::UnixMs>(s)};
          overlay.add_event(account, s, domain::encode_event(domain::encode_clear(event, stamp), ""));
        }
        domain::Account row;
        row.id = account;
        row.last_sequence = last;
        overlay.put(account_key(account), encode(row));
      }
      views.land(overlay);
      landed = last;
      sequence = last + 1;
    }
  });
  const auto read_on = [&](domain::AccountId account) {
    while (true) {
      const auto before = landed.load();
      const auto reading = index.read(account);
      ASSERT_GE(reading.last_sequence(), before) << "what had landed is there";
      std::uint64_t seen = 0;
      for (std::size_t n = 0; n < reading.segments(); ++n) {
        const auto loaded = reading.load(n);
        ASSERT_EQ(loaded.segment->first_sequence(), seen + 1);
        for (std::size_t i = 0; i < loaded.segment->size(); ++i)
          ASSERT_EQ(loaded.segment->time(i), static_cast<domain::UnixMs>(seen + 1 + i));
        seen += loaded.segment->size();
        ASSERT_EQ(loaded.segment->count(Few::type, static_cast<std::uint8_t>(domain::EventType::session_seen)),
                  loaded.segment->size());
      }
      ASSERT_EQ(seen, reading.last_sequence());
      if (seen == events) return;
    }
  };
  std::thread one(read_on, accounts[0]), two(read_on, accounts[1]), again(read_on, accounts[0]);
  writer.join();
  one.join();
  two.join();
  again.join();
  EXPECT_EQ(index.status().last_error, "");
}

TEST(EventIndex, ParksWhatItCantRead) {
  const testing::ScratchDirectory scratch;
  Views views({.directory = scratch / "views"});
  SegmentStore store(scratch / "index");
  EventIndex index(views, store);
  Overlay overlay;
  overlay.begin_frame(bus::FrameNumber{1}, bus::TimeMs{1});
  overlay.add_event({uuid_of("acc")}, 1, "not an event");
  views.land(overlay);
  const auto reading = index.read({uuid_of("acc")});
  EXPECT_EQ(reading.last_sequence(), 1u);
  EXPECT_EQ(reading.segment(0)->count(Few::type, 0), 1u) << "no filter by type finds it";
  EXPECT_EQ(index.status().parked, 1u);
  EXPECT_NE(index.status().last_error.find("event 1 of"), std::string::npos) << index.status().last_error;
}

TEST(SegmentStore, IsEmptiedWhenItIsOfAnotherVersionOrDamaged) {
  const testing::ScratchDirectory scratch;
  const domain::AccountId account{uuid_of("acc")};
  { SegmentStore(scratch / "index").put(account, 0, "a segment"); }
  EXPECT_EQ(SegmentStore(scratch / "index").get(account, 0), "a segment");
  EXPECT_EQ(SegmentStore(scratch / "index").count(account), 1u);
  std::filesystem::remove(scratch / "index/CURRENT");
  EXPECT_FALSE(SegmentStore(scratch / "index").get(account, 0));
  EXPECT_EQ(SegmentStore(scratch / "index").count(account), 0u);
}

}  // namespace
}  // namespace countersign::projections
