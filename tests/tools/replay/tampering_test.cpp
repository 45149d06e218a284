// Somebody who has every key but can't take back what was signed: he writes the log anew, with HMAC, chain and anchor
// in order, and with one change. The audit holds it against the signed heads and names what is wrong.

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <future>

#include "adapters/keys/log_identity.h"
#include "adapters/notary/signed_heads.h"
#include "bus/acceptance.h"
#include "bus/embedded_log.h"
#include "bus/frame_reader.h"
#include "projections/merkle_leaf.h"
#include "tests/support/installation.h"
#include "tools/replay/prove.h"
#include "tools/replay/verify.h"

namespace countersign::replay {
namespace {

namespace fs = std::filesystem;
using testing::Installation;

struct Written {
  bus::TimeMs time{};
  std::vector<std::string> events;
};
using History = std::vector<Written>;

std::string log_directory(const Installation& there) {
  return (there.directory() / "log").string();
}

std::unique_ptr<keys::KeyStore> keys_of(const Installation& there) {
  return keys::KeyStore::open(there.directory() / "keys", keys::load_master_key(there.master_file()),
                              keys::KeyStore::Mode::read_only);
}

History read(const Installation& there, const keys::KeyStore& keys) {
  const auto identity = keys::log_identity(keys);
  const auto log = bus::EmbeddedLog::open_read_only({.directory = log_directory(there), .identity = identity});
  bus::FrameReader reader(*log, identity, keys.cluster().log.key.view(), {});
  History history;
  while (const auto* record = *reader.next_frame())
    history.push_back({record->frame()->time, {record->frame()->events.begin(), record->frame()->events.end()}});
  return history;
}

void write(const Installation& there, const keys::KeyStore& keys, const History& history) {
  fs::remove_all(log_directory(there));
  const auto identity = keys::log_identity(keys);
  const auto log_key = keys.cluster().log.key.view();
  bus::EmbeddedLog log({.directory = log_directory(there), .identity = identity, .reserve_bytes = 0});
  bus::Acceptance acceptance(identity, log_key, {});
  const auto append = [&](const std::string& record) {
    std::promise<bus::Appended> written;
    log.append(record, [&](bus::Appended appended) { written.set_value(appended); });
    const auto appended = written.get_future().get();
    ASSERT_EQ(appended.outcome, bus::AppendOutcome::durable);
    ASSERT_TRUE(acceptance.take({appended.offset, record})->has_value());
  };
  const bus::Nonce nonce{7};
  append(acceptance.codec().encode(bus::Claim{bus::Term{1}, nonce, history.front().time, "node", "http://localhost"}));
  for (const auto& [time, events] : history) {
    const auto& state = acceptance.state();
    bus::Frame frame{state.term, nonce, bus::next(state.last), state.head, time, {}, {}};
    frame.events.assign(events.begin(), events.end());
    append(acceptance.codec().encode(frame));
  }
}

std::uint64_t sequence_of(const std::string& event) {
  return domain::EventView::parse(event)->sequence();
}
bool is_of(const Installation& there, const std::string& event) {
  return domain::EventView::parse(event)->account() == there.account;
}

/// The frame and the place in it of an event of the account.
std::pair<std::size_t, std::size_t> place_of(const Installation& there, const History& history,
                                             std::uint64_t sequence) {
  for (std::size_t f = 0; f < history.size(); ++f)
    for (std::size_t i = 0; i < history[f].events.size(); ++i)
      if (is_of(there, history[f].events[i]) && sequence_of(history[f].events[i]) == sequence) return {f, i};
  throw std::logic_error("there is no such event");
}

/// Gives an event another sequence, wherever that stands in it.
void renumber(std::string& event, std::uint64_t sequence) {
  const auto before = sequence_of(event);
  for (std::size_t at = 0; at + 8 <= event.size(); at += 4) {
    auto changed = event;
    if (std::memcmp(changed.data() + at, &before, 8) != 0) continue;
    std::memcpy(changed.data() + at, &sequence, 8);
    const auto view = domain::EventView::parse(changed);
    if (!view || view->sequence() != sequence) continue;
    event = changed;
    return;
  }
  throw std::logic_error("the event keeps its sequence");
}

void renumber_all(const Installation& there, History& history) {
  std::uint64_t next = 1;
  for (auto& frame : history)
    for (auto& event : frame.events)
      if (is_of(there, event)) renumber(event, next++);
}

void alter_clear_part(std::string& event) {
  const auto view = domain::EventView::parse(event);
  const auto subject = view->subject().id;
  const auto at = event.find(subject.view());
  ASSERT_NE(at, std::string::npos);
  event[at + 15] ^= 1;
  ASSERT_TRUE(domain::EventView::parse(event));
}

void alter_sealed_part(std::string& event) {
  const auto sealed = domain::EventView::parse(event)->sealed();
  ASSERT_FALSE(sealed.empty());
  event[static_cast<std::size_t>(sealed.data() - event.data()) + sealed.size() / 2] ^= 1;
}

projections::TreeHead head_of(const Installation& there, const History& history, std::uint64_t size) {
  projections::RunningTree tree;
  for (const auto& frame : history)
    for (const auto& event : frame.events)
      if (is_of(there, event) && tree.size() < size)
        tree.append(projections::hash_of_leaf(projections::merkle_leaf(*domain::EventView::parse(event), event)));
  return tree.head();
}

notary::SignedHead signed_head(const Installation& there, const keys::Key& seed, const projections::TreeHead& head) {
  const auto origin = notary::origin_of("example.com", there.account);
  notary::SignedHead made{{origin, keys::public_key_of(seed)}, {}, {origin, head}};
  made.note = notary::sign_note(text_of(made.checkpoint), origin, seed);
  return made;
}

constexpr std::uint64_t most = 1000;

TEST(Tampering, WithTheLogIsFoundAndNamed) {
  struct Case {
    std::string what;
    std::function<void(const Installation&, History&)> change;
    std::string said;
    bool seal_first = false;  ///< who has the keys sees that a seal doesn't fit before the head's size is reached
  };
  const auto event_5 = [](const std::function<void(std::string&)>& change) {
    return [change](const Installation& there, History& history) {
      const auto [frame, i] = place_of(there, history, 5);
      change(history[frame].events[i]);
    };
  };
  const auto dropped = [](const Installation& there, History& history) {
    const auto [frame, i] = place_of(there, history, 5);
    history[frame].events.erase(history[frame].events.begin() + static_cast<std::ptrdiff_t>(i));
  };
  const auto doubled = [](const Installation& there, History& history) {
    const auto [frame, i] = place_of(there, history, 5);
    history[frame].events.insert(history[frame].events.begin() + static_cast<std::ptrdiff_t>(i),
                                 history[frame].events[i]);
  };
  const auto reordered = [](const Installation& there, History& history) {
    const auto [frame_a, a] = place_of(there, history, 4);
    const auto [frame_b, b] = place_of(there, history, 5);
    std::swap(history[frame_a].events[a], history[frame_b].events[b]);
  };
  const auto inserted = [](const Installation& there, History& history) {
    const auto [frame, i] = place_of(there, history, 5);
    auto event = history[frame].events[i];
    alter_clear_part(event);
    history[frame].events.insert(history[frame].events.begin() + static_cast<std::ptrdiff_t>(i), event);
  };
  const auto then_renumbered = [](auto change) {
    return [change](const Installation& there, History& history) {
      change(there, history);
      renumber_all(there, history);
    };
  };
  const std::vector<Case> cases = {
      {"a flipped byte of what is sealed", event_5(alter_sealed_part), "is not the one that was signed", true},
      {"a flipped byte anywhere", event_5([](std::string& event) { event.back() ^= 1; }),
       "is not the one that was signed", true},
      {"an altered clear part", event_5(alter_clear_part), "is not the one that was signed"},
      {"a dropped event", dropped, "has sequence 6 after 4"},
      {"a dropped event, renumbered", then_renumbered(dropped), "but the signed head", true},
      {"a doubled event", doubled, "has sequence 5 after 5"},
      {"a doubled event, renumbered", then_renumbered(doubled), "is not the one that was signed", true},
      {"two events in another order", reordered, "has sequence 5 after 3"},
      {"two events in another order, renumbered", then_renumbered(reordered), "is not the one that was signed", true},
      {"an inserted event", inserted, "has sequence 5 after 5"},
      {"an inserted event, renumbered", then_renumbered(inserted), "is not the one that was signed", true},
      {"a tail that is gone", [](const Installation&, History& history) { history.pop_back(); },
       "the end of the log is gone"},
  };
  for (const auto& [what, change, found_in_tree, seal_first] : cases) {
    const Installation there;
    const auto keys = keys_of(there);
    auto history = read(there, *keys);
    notary::write_signed_head(there.directory() / "heads", there.account,
                              signed_head(there, keys->cluster().signing.key, head_of(there, history, most)));
    write(there, *keys, history);
    const auto before = verify({there.directory(), {}, false}, {});
    EXPECT_FALSE(before.wrong) << what << ": " << *before.wrong;
    EXPECT_EQ(before.signed_heads, 1u);
    change(there, history);
    write(there, *keys, history);
    for (const bool no_keys : {false, true}) {
      const auto after = verify({there.directory(), {}, no_keys}, {});
      const auto said = seal_first && !no_keys ? "holds a seal that its clear part doesn't fit" : found_in_tree;
      ASSERT_TRUE(after.wrong) << what;
      EXPECT_NE(after.wrong->find(said), std::string::npos) << what << ": " << *after.wrong;
      EXPECT_NE(after.wrong->find(account_text(there.account)), std::string::npos) << what << ": " << *after.wrong;
    }
  }
}

TEST(Tampering, WithNoHeadSignedIsStillFoundByWhoHasTheKeys) {
  struct Case {
    std::function<void(std::string&)> change;
    std::string said;
  };
  const std::vector<Case> cases = {
      {[](std::string& event) {
         const auto target = domain::EventView::parse(event)->target().id;
         event[event.find(target.view()) + 15] ^= 1;
       },
       "holds a seal that its clear part doesn't fit"},
      {alter_sealed_part, "holds a seal that its clear part doesn't fit"},
      {[](std::string& event) {
         const auto commitment = domain::EventView::to_digest(domain::EventView::parse(event)->clear().commitment());
         event[event.find(domain::view(commitment))] ^= 1;
       },
       "commits to another key"},
      {[](std::string& event) { renumber(event, 50); }, "has sequence 50 after 4"},
      {[](std::string& event) {
         // Of a type that has another payload.
         const auto& clear = domain::EventView::parse(event)->clear();
         auto* table = const_cast<flatbuffers::Table*>(reinterpret_cast<const flatbuffers::Table*>(&clear));
         table->SetField<std::uint16_t>(domain::fb::Clear::VT_TYPE,
                                        static_cast<std::uint16_t>(domain::EventType::token_issued), 0);
       },
       "of type token.issued has the payload"},
  };
  for (const auto& [change, said] : cases) {
    const Installation there;
    const auto keys = keys_of(there);
    auto history = read(there, *keys);
    const auto [frame, i] = place_of(there, history, 5);
    change(history[frame].events[i]);
    write(there, *keys, history);
    const auto found = verify({there.directory(), {}, false}, {});
    ASSERT_TRUE(found.wrong) << said;
    EXPECT_NE(found.wrong->find(said), std::string::npos) << *found.wrong;
    EXPECT_NE(found.wrong->find(account_text(there.account)), std::string::npos) << *found.wrong;
  }
}

TEST(Tampering, WithACheckpointIsFoundAndNamed) {
  const Installation there;
  const auto keys = keys_of(there);
  const auto history = read(there, *keys);
  const auto& seed = keys->cluster().signing.key;
  const auto file = there.directory() / "kept";
  const auto head = head_of(there, history, most), earlier = head_of(there, history, 3);
  const auto good = signed_head(there, seed, head).note;
  auto other_root = head;
  other_root.root[0] ^= 1;
  auto altered = good;
  const auto size_line = "\n" + std::to_string(head.size) + "\n";
  altered.replace(altered.find(size_line), size_line.size(), "\n2\n");
  const keys::Key foreign(std::string_view("a seed of somebody else: 32 byte"));
  const std::vector<std::pair<std::string, std::string>> cases = {
      {good, ""},
      {signed_head(there, seed, earlier).note, ""},
      {altered, "is forged"},
      {signed_head(there, foreign, head).note, "no key of this installation"},
      {signed_head(there, seed, other_root).note, "is not the one that was signed"},
      {signed_head(there, seed, {head.size + 1, head.root}).note, "the end of the log is gone"},
      {"", "is none of a log"},
      {good.substr(0, good.size() - 9), "is none of a log"},
      {notary::sign_note("elsewhere.example\n7\n" + std::string("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"), "x",
                         seed),
       "is none of a log"},
  };
  for (const auto& [note, said] : cases) {
    std::ofstream(file) << note;
    const auto result = verify({there.directory(), {}, false}, {}, {.checkpoints = {file}});
    EXPECT_EQ(result.wrong.has_value(), !said.empty()) << note << result.wrong.value_or("");
    if (result.wrong) {
      EXPECT_NE(result.wrong->find(said), std::string::npos) << *result.wrong;
      EXPECT_NE(result.wrong->find(file.string()), std::string::npos) << *result.wrong;
    }
  }
  std::ofstream(file) << good;
  const auto without = verify({there.directory(), {}, true}, {}, {.checkpoints = {file}});
  EXPECT_FALSE(without.wrong) << *without.wrong;
  EXPECT_EQ(without.unchecked.size(), 3u) << "the HMAC, who has signed, and the seals";
}

TEST(Proofs, LeadToTheRoot) {
  const Installation there;
  const auto keys = keys_of(there);
  const auto history = read(there, *keys);
  const auto size = head_of(there, history, most).size;
  const Source source{there.directory(), {}, true};
  const auto hashes = [](const boost::json::object& proof) { return proof.at("proof").as_array().size(); };
  EXPECT_EQ(prove(source, {there.account, 1}, {}).at("size").to_number<std::uint64_t>(), size);
  EXPECT_EQ(hashes(prove(source, {there.account, 1, 0, 1}, {})), 0u);
  EXPECT_EQ(hashes(prove(source, {there.account, 3, 0, 4}, {})), 2u);
  EXPECT_EQ(hashes(prove(source, {there.account, 0, 4, 4}, {})), 0u);
  EXPECT_EQ(hashes(prove(source, {there.account, 0, 2, 4}, {})), 1u);
  for (const ProofWanted& none :
       {ProofWanted{there.account, size + 1}, ProofWanted{there.account, 5, 0, 4}, ProofWanted{there.account, 0, 5, 4},
        ProofWanted{there.account, 0, 1, size + 1}, ProofWanted{domain::AccountId{}, 1}})
    EXPECT_THROW(prove(source, none, {}), std::runtime_error);
}

}  // namespace
}  // namespace countersign::replay
