// What is signed, when, and when nothing is any more.

#include "adapters/notary/notary.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/followed_views.h"
#include "tests/support/scratch_directory.h"

namespace countersign::notary {
namespace {

namespace fs = std::filesystem;
using namespace countersign::testing;
using projections::TreeHead;

const keys::Key seed(std::string_view("a seed that has 32 bytes of text")),
    later_seed(std::string_view("the seed after it: also 32 bytes"));

/// A notary over a ledger's views; what it keeps on disk outlives it.
class Office {
 public:
  Office(const FollowedViews& followed, const ScratchDirectory& disk, std::size_t chunk = 8192,
         const keys::Key& key = seed, std::vector<keys::PublicKey> former = {}, const std::string& host = "example.com")
      : account(followed.ledger.account),
        tiles_(disk / "merkle"),
        trees_(followed.views, tiles_, chunk),
        notary(followed.views, trees_,
               {.host = host,
                .directory = disk / "heads",
                .seed = key,
                .former = std::move(former),
                .report = [this](const std::string& text) { reports.push_back(text); },
                .look_every = std::chrono::milliseconds(1),
                .chunks_a_request = 1}) {}

  std::string signed_note() {
    const auto answer = notary.checkpoint(account);
    if (const auto* why = std::get_if<Contradiction>(&answer)) ADD_FAILURE() << why->text;
    return std::holds_alternative<std::string>(answer) ? std::get<std::string>(answer) : "";
  }
  TreeHead signed_head() {
    const auto key = notary.verifier_key(account);
    const auto opened = open_note(signed_note(), {&key, 1});
    if (!std::holds_alternative<OpenedNote>(opened)) return {};
    const auto checkpoint = parse_checkpoint(std::get<OpenedNote>(opened).text);
    EXPECT_EQ(checkpoint->origin, key.name);
    return checkpoint->head;
  }
  std::string contradiction() {
    const auto answer = notary.checkpoint(account);
    return std::holds_alternative<Contradiction>(answer) ? std::get<Contradiction>(answer).text : "it was signed";
  }

  const domain::AccountId account;

 private:
  projections::TileStore tiles_;
  projections::AccountTrees trees_;

 public:
  std::vector<std::string> reports;
  Notary notary;
};

std::vector<FoundHead> heads_on(const ScratchDirectory& disk) {
  return read_signed_heads(disk / "heads", std::nullopt);
}

TEST(Notary, SignsTheNewestHead) {
  ScratchDirectory scratch, disk;
  FollowedViews followed(scratch / "views");
  Office office(followed, disk);
  for (const std::size_t more : {3u, 300u, 1u}) {
    followed.add_people(more);
    EXPECT_EQ(office.signed_head(), followed.head());
  }
  const auto note = office.signed_note();
  EXPECT_EQ(office.signed_note(), note) << "nothing new, nothing signed";
}

TEST(Notary, HasEveryHeadOnDiskBeforeItLetsItGo) {
  ScratchDirectory scratch, disk;
  FollowedViews followed(scratch / "views");
  Office office(followed, disk);
  for (int i = 0; i < 3; ++i) {
    followed.add_people(1);
    const auto note = office.signed_note();
    ASSERT_EQ(heads_on(disk).size(), 1u);
    EXPECT_EQ(heads_on(disk)[0].head->note, note);
  }
}

TEST(Notary, LetsNothingGoThatCantBeKept) {
  ScratchDirectory scratch, disk;
  FollowedViews followed(scratch / "views");
  followed.add_people(3);
  Office office(followed, disk);
  const auto before = office.signed_note();
  const auto in_the_way = heads_on(disk)[0].file.string() + ".new";
  fs::create_directory(in_the_way);
  followed.add_people(1);
  EXPECT_THROW(office.notary.checkpoint(office.account), std::runtime_error);
  EXPECT_EQ(heads_on(disk)[0].head->note, before);
  fs::remove(in_the_way);
  EXPECT_EQ(office.signed_head(), followed.head());
}

TEST(Notary, GoesOnAfterARestart) {
  ScratchDirectory scratch, disk;
  FollowedViews followed(scratch / "views");
  followed.add_people(300);
  const auto before = Office(followed, disk).signed_note();
  Office same(followed, disk);
  EXPECT_EQ(same.signed_note(), before);
  EXPECT_EQ(same.notary.verifier_keys(same.account)[0].size, followed.leaves().size());
  followed.add_people(300);
  EXPECT_EQ(same.signed_head(), followed.head());
}

TEST(Notary, ThatLostItsTilesMakesThemAgain) {
  ScratchDirectory scratch, disk;
  FollowedViews followed(scratch / "views");
  followed.add_people(300);
  Office(followed, disk).signed_note();
  fs::remove_all(disk / "merkle");
  followed.add_people(1);
  EXPECT_EQ(Office(followed, disk).signed_head(), followed.head());
}

TEST(Notary, SignsNoLogThatContradictsWhatWasSigned) {
  struct Case {
    std::string what;
    std::function<void(FollowedViews&)> history;
    std::string said;
  };
  const auto people = [](const std::string& name, std::size_t count) {
    return [=](FollowedViews& followed) {
      a_user(name)(followed.ledger);
      followed.add_people(count);
    };
  };
  const std::vector<Case> cases = {
      {"its end is gone", people("ada", 100), "were signed: an older copy of it was put back, or its end is gone"},
      {"nothing is left", [](FollowedViews& followed) { followed.land(); }, "were signed"},
      {"another event", people("eve", 300), "is not the one that was signed"},
      {"another event, and longer than before", people("eve", 400), "is not the one that was signed"},
  };
  for (const auto& [what, history, said] : cases) {
    ScratchDirectory disk, scratch, other;
    FollowedViews followed(scratch / "views");
    people("ada", 300)(followed);
    Office(followed, disk).signed_note();
    const auto kept = heads_on(disk)[0].head->note;
    FollowedViews changed(other / "views");
    history(changed);
    std::optional<Office> restarted(std::in_place, changed, disk);
    auto& office = *restarted;
    EXPECT_NE(office.contradiction().find(said), std::string::npos) << what << ": " << office.contradiction();
    changed.add_people(500);
    EXPECT_NE(office.contradiction().find(said), std::string::npos) << what << ", and it grows";
    EXPECT_EQ(heads_on(disk)[0].head->note, kept) << what;
    EXPECT_EQ(office.reports.size(), 1u) << what;
    EXPECT_EQ(office.notary.status().contradiction, office.contradiction());
    EXPECT_TRUE(std::holds_alternative<std::string>(office.notary.checkpoint(domain::system_account())))
        << "another account's log is as good as before";
    restarted.reset();
    followed.add_people(1);
    EXPECT_EQ(Office(followed, disk).signed_head(), followed.head()) << what << ": the right one is back";
  }
}

TEST(Notary, SignsNothingBesideAHeadThatItHasntWritten) {
  ScratchDirectory scratch, disk;
  FollowedViews followed(scratch / "views");
  followed.add_people(3);
  Office(followed, disk).signed_note();
  const auto file = heads_on(disk)[0].file;
  std::ofstream(file, std::ios::app) << "x";
  EXPECT_NE(Office(followed, disk).contradiction().find(file.string()), std::string::npos);
}

TEST(Notary, TellsWhoComesTooEarlyToComeBack) {
  ScratchDirectory scratch, disk;
  FollowedViews followed(scratch / "views");
  followed.add_people(250);
  Office office(followed, disk, 100);
  const auto& account = office.account;
  EXPECT_TRUE(std::holds_alternative<NotYet>(office.notary.checkpoint(account)));
  EXPECT_TRUE(std::holds_alternative<NotYet>(office.notary.tile(account, {0, 0, 240})));
  EXPECT_TRUE(std::holds_alternative<std::string>(office.notary.checkpoint(account)));
}

TEST(Notary, FollowsTheLogsThatHaveBeenAskedFor) {
  ScratchDirectory scratch, disk;
  FollowedViews followed(scratch / "views");
  followed.add_people(250);
  Office(followed, disk).signed_note();
  Office office(followed, disk, 100);
  EXPECT_EQ(office.notary.status().behind, followed.leaves().size());
  office.notary.start();
  while (office.notary.status().reached != followed.views.positions()) std::this_thread::yield();
  EXPECT_EQ(office.notary.status().behind, 0u);
  followed.add_people(50);
  while (office.notary.status().reached != followed.views.positions()) std::this_thread::yield();
  EXPECT_EQ(office.notary.status().last_error, "");
  EXPECT_EQ(office.signed_head(), followed.head());
}

TEST(Notary, GoesOnWithALogThatWasAskedForWhileNothingHappens) {
  ScratchDirectory scratch, disk;
  FollowedViews followed(scratch / "views");
  followed.add_people(950);
  Office office(followed, disk, 100);
  office.notary.start();
  while (office.notary.status().reached != followed.views.positions()) std::this_thread::yield();
  EXPECT_TRUE(std::holds_alternative<NotYet>(office.notary.checkpoint(office.account)));
  while (office.notary.status().behind > 0) std::this_thread::yield();
  EXPECT_EQ(office.signed_head(), followed.head());
}

TEST(Notary, ReportsAContradictionThatNobodyHasAskedFor) {
  ScratchDirectory scratch, other, disk;
  FollowedViews followed(scratch / "views"), changed(other / "views");
  followed.add_people(30);
  Office(followed, disk).signed_note();
  changed.add_people(20);
  Office office(changed, disk);
  office.notary.start();
  while (office.notary.status().contradiction.empty()) std::this_thread::yield();
  office.notary.stop();
  EXPECT_EQ(office.reports, std::vector{office.contradiction()});
}

TEST(Notary, GivesTilesAndEntriesUpToTheLogsSize) {
  ScratchDirectory scratch, disk;
  FollowedViews followed(scratch / "views");
  followed.add_people(300);
  Office office(followed, disk);
  const auto size = followed.leaves().size();
  const auto found = [](const Notary::Found& answer) { return std::get<std::optional<std::string>>(answer); };
  const auto last = static_cast<unsigned>(size - 256);
  EXPECT_EQ(found(office.notary.tile(office.account, {0, 0, 256}))->size(), 8192u);
  EXPECT_EQ(found(office.notary.tile(office.account, {0, 1, last}))->size(), last * 32u);
  EXPECT_EQ(found(office.notary.tile(office.account, {0, 1, last + 1})), std::nullopt);
  EXPECT_EQ(found(office.notary.entries(office.account, {0, 1, last}))->size(), last * 53u);
  EXPECT_EQ(found(office.notary.entries(office.account, {0, 1, last + 1})), std::nullopt);
}

TEST(Notary, OfAnotherKeyOrHostPublishesThoseBefore) {
  ScratchDirectory scratch, disk;
  FollowedViews followed(scratch / "views");
  followed.add_people(9);
  const auto first_size = followed.leaves().size();
  VerifierKey first, second;
  {
    Office office(followed, disk);
    office.signed_note();
    first = office.notary.verifier_key(office.account);
  }
  followed.add_people(5);
  {
    Office office(followed, disk, 8192, later_seed, {keys::public_key_of(seed)});
    second = office.notary.verifier_key(office.account);
    EXPECT_EQ(office.notary.verifier_keys(office.account)[0].size, 0u);
    EXPECT_EQ(office.signed_head(), followed.head());
  }
  followed.add_people(5);
  Office office(followed, disk, 8192, later_seed, {keys::public_key_of(seed)}, "log.example.com");
  EXPECT_EQ(office.signed_head(), followed.head());
  const auto published = office.notary.verifier_keys(office.account);
  ASSERT_EQ(published.size(), 3u);
  EXPECT_EQ(published[0].key.name, "log.example.com/log/" + account_text(office.account));
  EXPECT_EQ(published[0].size, first_size + 10);
  for (const auto& former : {published[1], published[2]})
    EXPECT_TRUE((former.key == first && former.size == first_size) ||
                (former.key == second && former.size == first_size + 5));
}

TEST(Notary, IsBoundByWhatFormerKeysSigned) {
  ScratchDirectory scratch, other, disk;
  FollowedViews followed(scratch / "views"), changed(other / "views");
  followed.add_people(30);
  Office(followed, disk).signed_note();
  changed.add_people(20);
  EXPECT_NE(Office(changed, disk, 8192, later_seed, {keys::public_key_of(seed)}).contradiction().find("were signed"),
            std::string::npos);
  Office forgetful(followed, disk, 8192, later_seed);
  EXPECT_NE(forgetful.contradiction().find("isn't this installation's"), std::string::npos);
}

}  // namespace
}  // namespace countersign::notary
