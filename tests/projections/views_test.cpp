// The views on disk: rows, events and position land together, and what a rebuild makes is byte for byte the same.

#include "projections/views.h"

#include <gtest/gtest.h>

#include "bus/frame.h"
#include "projections/projector.h"
#include "tests/support/scratch_directory.h"
#include "tests/support/story.h"

namespace countersign::projections {
namespace {

using namespace countersign::testing;
using namespace countersign::domain;

bus::AcceptanceState at_frame(std::uint64_t number, UnixMs time) {
  bus::AcceptanceState state;
  state.term = bus::Term{1};
  state.last = bus::FrameNumber{number};
  state.time = bus::TimeMs{time};
  state.next = bus::Offset{static_cast<std::int64_t>(number)};
  return state;
}

ViewOptions in(const std::string& directory) {
  return {.directory = directory, .block_cache_bytes = 1 << 20};
}

/// A frame's events and answers, kept so that they can be folded again.
struct KeptFrame {
  std::uint64_t number = 0;
  UnixMs time = 0;
  std::vector<std::string> events, answers;

  bus::Frame frame() const {
    bus::Frame out;
    out.number = bus::FrameNumber{number};
    out.time = bus::TimeMs{time};
    out.events.assign(events.begin(), events.end());
    out.answers.assign(answers.begin(), answers.end());
    return out;
  }
};

std::string answer_record(std::uint64_t number) {
  return std::string(view(digest_of("answer " + std::to_string(number)))) + "body";
}

/// The life of two people over nine days, as frames.
std::vector<KeptFrame> a_history() {
  Ledger ledger;
  std::vector<KeptFrame> frames;
  std::size_t taken = 0;
  const auto cut = [&] {
    KeptFrame frame{frames.size() + 1, ledger.now, {}, {answer_record(frames.size() + 1)}};
    for (; taken < ledger.events().size(); ++taken) frame.events.push_back(ledger.events()[taken]);
    frames.push_back(std::move(frame));
  };
  cut();
  const std::vector<Step> life = {a_user("ada"),
                                  a_user("bob", true),
                                  a_code("ada", "A"),
                                  a_code("ada", "B"),
                                  redeem("A", "phone"),
                                  later(day_ms),
                                  reserve("B", "T"),
                                  activate("T", "tablet"),
                                  a_code("ada", "C"),
                                  redeem("wrong", "x"),
                                  later(3 * day_ms),
                                  revoke("A"),
                                  admin(RenameDevice{{activation("tablet")}, {}, 1}),
                                  later(day_ms),
                                  disable("ada"),
                                  later(2 * day_ms),
                                  erase("ada"),
                                  a_user("ada again"),
                                  a_code("ada again", "D"),
                                  redeem("D", "watch"),
                                  later(2 * day_ms),
                                  turn_mfa("bob", false),
                                  a_code("bob", "E")};
  for (const auto& step : life) {
    step(ledger);
    if (taken < ledger.events().size()) cut();
  }
  return frames;
}

/// As the owner does it: one overlay a frame, numbered afterwards.
void land_as_owner(Views& views, const KeptFrame& kept) {
  Overlay overlay;
  overlay.begin_frame({}, bus::TimeMs{kept.time});
  const ViewState state(views, {}, &overlay);
  for (const auto& bytes : kept.events) {
    const auto event = EventView::parse(bytes);
    reduce(overlay, state, {*event, bus::sha256(event->clear_bytes())}, bytes);
  }
  for (const auto& record : kept.answers) reduce_answer(overlay, record, kept.time);
  overlay.number_frame(bus::FrameNumber{kept.number});
  overlay.position = at_frame(kept.number, kept.time);
  views.land(overlay);
}

void fold(Views& views, const std::vector<KeptFrame>& frames, std::size_t batch_bytes) {
  Projector projector(views, 0, batch_bytes);
  for (const auto& kept : frames)
    if (kept.number > bus::value(views.position().last))
      projector.apply(kept.frame(), at_frame(kept.number, kept.time));
  projector.finish(at_frame(frames.back().number, frames.back().time));
}

TEST(Views, HoldWhatLandedAndWhereTheyStand) {
  ScratchDirectory scratch;
  Views views(in(scratch / "views"));
  EXPECT_EQ(views.position(), bus::AcceptanceState{});
  Overlay overlay;
  overlay.put("Cab1", "one");
  overlay.put("Cab2", "two");
  overlay.put("Cac", "three");
  overlay.position = at_frame(1, 5000);
  views.land(overlay);
  EXPECT_EQ(views.position(), at_frame(1, 5000));
  EXPECT_EQ(views.get("Cab2"), "two");
  EXPECT_EQ(views.get("Cab3"), std::nullopt);
  const auto several = views.get(std::vector<std::string>{"Cac", "Cab", "Cab1"});
  EXPECT_EQ(several, (std::vector<std::optional<std::string>>{"three", std::nullopt, "one"}));
  Overlay erased;
  erased.erase("Cab1");
  erased.position = at_frame(2, 5000);
  views.land(erased);
  EXPECT_EQ(views.get("Cab1"), std::nullopt);
}

TEST(Views, ScanAPrefixInOrderFromAPlaceOn) {
  ScratchDirectory scratch;
  Views views(in(scratch / "views"));
  Overlay overlay;
  for (const auto* key : {"Ca1", "Ca2", "Ca3", "Cb1", "D"}) overlay.put(key, key);
  views.land(overlay);
  const auto keys = [&](std::string_view prefix, std::string_view from, std::size_t most) {
    std::vector<std::string> found;
    views.scan(prefix, from, [&](std::string_view key, std::string_view) {
      found.emplace_back(key);
      return found.size() < most;
    });
    return found;
  };
  EXPECT_EQ(keys("Ca", "Ca", 9), (std::vector<std::string>{"Ca1", "Ca2", "Ca3"}));
  EXPECT_EQ(keys("Ca", "Ca2", 9), (std::vector<std::string>{"Ca2", "Ca3"}));
  EXPECT_EQ(keys("Ca", "Ca", 2), (std::vector<std::string>{"Ca1", "Ca2"}));
  EXPECT_EQ(keys("C", "Ca3", 9), (std::vector<std::string>{"Ca3", "Cb1"}));
  std::vector<std::string> range;
  views.scan_range("Ca2", "Cb1", [&](std::string_view key, std::string_view) { return range.emplace_back(key), true; });
  EXPECT_EQ(range, (std::vector<std::string>{"Ca2", "Ca3"}));
}

TEST(Views, GiveEventsWhereTheyCanBeReadInPlace) {
  const auto frames = a_history();
  ScratchDirectory scratch;
  Views views(in(scratch / "views"));
  for (const auto& frame : frames) land_as_owner(views, frame);
  std::size_t visited = 0;
  const auto visit = [&](std::string_view bytes, bus::FrameNumber) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % 8, 0u) << "event " << visited;
    return ++visited, true;
  };
  views.events_from(Ledger().account, 1, visit);
  views.events_back(Ledger().account, ~0ull, visit);
  EXPECT_GT(visited, 40u);
}

TEST(Views, GiveAnAccountsEventsFromAnySequenceInBothDirections) {
  const auto frames = a_history();
  ScratchDirectory scratch;
  Views views(in(scratch / "views"));
  for (const auto& frame : frames) land_as_owner(views, frame);
  const auto account = Ledger().account;
  const auto last = decode_account(*views.get(account_key(account))).last_sequence;
  ASSERT_GT(last, 20u);
  for (std::uint64_t first = 1; first <= last; first += 3) {
    auto expected = first;
    views.events_from(account, first, [&](std::string_view bytes, bus::FrameNumber frame) {
      EXPECT_EQ(EventView::parse(bytes)->sequence(), expected++);
      EXPECT_GE(bus::value(frame), 1u);
      return true;
    });
    EXPECT_EQ(expected, last + 1);
    auto down = first;
    views.events_back(account, first, [&](std::string_view bytes, bus::FrameNumber) {
      EXPECT_EQ(EventView::parse(bytes)->sequence(), down--);
      return true;
    });
    EXPECT_EQ(down, 0u);
  }
  views.events_from(account, last + 1, [](auto&&...) -> bool { throw std::logic_error("there is nothing"); });
  int seen = 0;
  views.events_back(account, last + 1000, [&](auto&&...) { return ++seen < 2; });
  EXPECT_EQ(seen, 2);
}

TEST(Views, ThatWerentFlushedStandEarlierAndAreWhole) {
  const auto frames = a_history();
  ScratchDirectory scratch;
  const auto directory = scratch / "views";
  std::string whole;
  {
    Views views(in(directory));
    for (const auto& frame : frames) {
      land_as_owner(views, frame);
      if (frame.number == 6) views.flush();
    }
    whole = fingerprint(views);
    // A crash: the files as they are now, with whatever the memtables held gone.
    std::filesystem::copy(directory, scratch / "crashed", std::filesystem::copy_options::recursive);
  }
  Views crashed(in(scratch / "crashed"));
  EXPECT_EQ(crashed.position(), at_frame(6, frames[5].time));
  ScratchDirectory beside;
  Views first_six(in(beside / "views"));
  for (int i = 0; i < 6; ++i) land_as_owner(first_six, frames[static_cast<std::size_t>(i)]);
  EXPECT_EQ(fingerprint(crashed), fingerprint(first_six));
  fold(crashed, frames, 1);
  EXPECT_EQ(fingerprint(crashed), whole);
}

TEST(Views, ARebuildIsByteForByteTheSameHoweverItIsBatched) {
  const auto frames = a_history();
  ScratchDirectory scratch;
  Views owner(in(scratch / "owner"));
  for (const auto& frame : frames) land_as_owner(owner, frame);
  for (const bool bulk : {false, true})
    for (const std::size_t batch_bytes : {1u, 3000u, 1u << 20}) {
      auto options = in(scratch / ((bulk ? "bulk" : "rebuilt") + std::to_string(batch_bytes)));
      options.bulk = bulk;
      {
        Views rebuilt(options);
        fold(rebuilt, frames, batch_bytes);
        EXPECT_EQ(fingerprint(rebuilt), fingerprint(owner)) << batch_bytes;
        EXPECT_EQ(rebuilt.position(), owner.position());
        rebuilt.flush();
      }
      options.bulk = false;
      EXPECT_EQ(fingerprint(Views(options)), fingerprint(owner)) << batch_bytes << " opened again";
    }
}

TEST(Views, AnswersAgeWithTheDaysOfTheLog) {
  const auto frames = a_history();
  ScratchDirectory scratch;
  Views views(in(scratch / "views"));
  for (const auto& frame : frames) {
    land_as_owner(views, frame);
    const ViewState state(views, {});
    for (const auto& earlier : frames) {
      if (earlier.number > frame.number) break;
      const auto found = state.answer(0, view(digest_of("answer " + std::to_string(earlier.number))), frame.time);
      const auto days = day_of(frame.time) - day_of(earlier.time);
      EXPECT_EQ(found.has_value(), days <= 1) << "frame " << earlier.number << " seen from " << frame.number;
    }
  }
  int kept = 0;
  views.scan("I", "I", [&](auto&&...) { return ++kept, true; });
  int young = 0;
  for (const auto& frame : frames) young += day_of(frames.back().time) - day_of(frame.time) <= 1;
  EXPECT_EQ(kept, young);
}

TEST(Views, OfAnotherVersionSayWhatToDo) {
  for (const std::string version : {"countersign-view-0", "countersign-view-999"}) {
    ScratchDirectory scratch;
    {
      Views views(in(scratch / "views"));
      Overlay overlay;
      overlay.put("Vversion", version);
      views.land(overlay);
      views.flush();
    }
    for (const bool read_only : {false, true}) {
      auto options = in(scratch / "views");
      options.read_only = read_only;
      try {
        Views views(options);
        FAIL();
      } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find(version), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find("countersign-replay rebuild"), std::string::npos) << error.what();
      }
    }
  }
}

TEST(Views, ReadOnlyOnesAreNotMade) {
  ScratchDirectory scratch;
  auto options = in(scratch / "views");
  options.read_only = true;
  EXPECT_THROW(Views{options}, std::runtime_error);
}

TEST(Views, ACopyIsTheSame) {
  ScratchDirectory scratch;
  Views views(in(scratch / "views"));
  for (const auto& frame : a_history()) land_as_owner(views, frame);
  views.checkpoint_to(scratch / "copy");
  auto options = in(scratch / "copy");
  options.read_only = true;
  EXPECT_EQ(fingerprint(Views(options)), fingerprint(views));
}

TEST(Projector, StopsAtAnEventItCantRead) {
  ScratchDirectory scratch;
  Views views(in(scratch / "views"));
  Projector projector(views);
  KeptFrame frame{1, 5000, {"not an event"}, {}};
  EXPECT_THROW(projector.apply(frame.frame(), at_frame(1, 5000)), std::runtime_error);
}

/// A node that follows, owns the partition for a while, and follows again.
TEST(Projector, GoesOnFromWhatItsOwnNodeLandedMeanwhile) {
  const auto frames = a_history();
  ScratchDirectory scratch;
  Views always(in(scratch / "always")), views(in(scratch / "views"));
  fold(always, frames, 1u << 20);
  Projector projector(views);
  for (const auto& kept : frames) {
    if (kept.number % 3 == 2) {
      land_as_owner(views, kept);
    } else {
      projector.apply(kept.frame(), at_frame(kept.number, kept.time));
      projector.finish(at_frame(kept.number, kept.time));
    }
  }
  EXPECT_EQ(fingerprint(views), fingerprint(always));
}

TEST(Projector, TellsOfSeedsThatNobodyNeedsAnyMore) {
  Ledger ledger;
  for (const auto& step : {a_user("ada"), enrol("ada", "app"), a_hardware_token("T"), assign("T", "ada"), unassign("T"),
                           change("app", AuthenticatorAction::remove)})
    EXPECT_FALSE(step(ledger).refusal);
  KeptFrame before{1, ledger.now, ledger.events(), {}};
  EXPECT_FALSE(delete_token("T")(ledger).refusal);
  KeptFrame after{2, ledger.now, {ledger.events().back()}, {}};
  ScratchDirectory scratch;
  Views views(in(scratch / "views"));
  Projector projector(views);
  std::vector<AuthenticatorId> told;
  projector.on_deleted([&](AccountId, AuthenticatorId id) { told.push_back(id); });
  projector.apply(before.frame(), at_frame(1, ledger.now));
  EXPECT_EQ(told, std::vector{authenticator("app")}) << "the token is in stock again";
  projector.apply(after.frame(), at_frame(2, ledger.now));
  EXPECT_EQ(told, (std::vector{authenticator("app"), authenticator("T")}));
}

TEST(Projector, StopsAtAGapInAnAccountsSequence) {
  auto frames = a_history();
  frames[2].events.clear();
  ScratchDirectory scratch;
  Views views(in(scratch / "views"));
  EXPECT_THROW(fold(views, frames, 1), std::runtime_error);
}

}  // namespace
}  // namespace countersign::projections
