// Exports and bundles: what is in them, that they go on where they were cut off, and that whoever is given a bundle
// finds every change of it, with nothing but the bundle.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "adapters/keys/rfc4648.h"
#include "adapters/notary/signed_heads.h"
#include "tests/support/installation.h"
#include "tools/replay/export/bundle_check.h"
#include "tools/replay/export/bundle_entry.h"
#include "tools/replay/export/export.h"
#include "tools/replay/export/line_format.h"
#include "tools/replay/prove.h"

namespace countersign::replay {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::Installation;

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

struct Bundles : ::testing::Test {
  Bundles() { sign_head(); }

  void sign_head() {
    const auto keys = keys::KeyStore::open(there.directory() / "keys", keys::load_master_key(there.master_file()),
                                           keys::KeyStore::Mode::read_only);
    const auto& seed = keys->cluster().signing.key;
    const auto proof = prove(source, {there.account, 1}, {});
    notary::SignedHead made{{notary::origin_of("example.com", there.account), keys::public_key_of(seed)}, {}, {}};
    made.checkpoint = {made.key.name, {proof.at("size").to_number<std::uint64_t>(), {}}};
    std::ranges::copy(*keys::parse_base64(proof.at("root").as_string()), made.checkpoint.head.root.begin());
    made.note = notary::sign_note(text_of(made.checkpoint), made.key.name, seed);
    notary::write_signed_head(there.directory() / "heads", there.account, made);
    verifier_key = made.key.text();
    size = made.checkpoint.head.size;
  }
  ExportQuestion question(const std::string& format = "native", bool bundle = true) const {
    return {there.account, "", "", "", format, bundle};
  }
  fs::path out(const std::string& name = "bundle") const { return scratch.path() + "/" + name; }
  std::string flaw(const fs::path& directory) const {
    return check_bundle(directory, verifier_key, {}).wrong.value_or("");
  }
  /// As somebody would who knows what the manifest is for.
  static void rewrite_manifest(const fs::path& directory, const std::function<void(Manifest&)>& change = {}) {
    auto manifest = *parse_manifest(read(directory / manifest_file));
    for (auto& file : manifest.files) {
      file.bytes = fs::file_size(directory / file.name);
      file.sha256 = sha256_of_file((directory / file.name).string());
    }
    if (change) change(manifest);
    write(directory / manifest_file, json::serialize(to_json(manifest)));
  }
  static std::vector<std::string> lines_of(const fs::path& file) {
    std::vector<std::string> lines;
    std::ifstream in(file, std::ios::binary);
    for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
    return lines;
  }
  static void write_lines(const fs::path& file, const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += line;
    write(file, text);
  }
  static void change_entry(const fs::path& directory, std::size_t number,
                           const std::function<void(BundleEntry&)>& change) {
    auto lines = lines_of(directory / bundle_file);
    auto entry = *parse_entry(lines[number]);
    change(entry);
    lines[number] = text_of(entry);
    write_lines(directory / bundle_file, lines);
  }

  const Installation there{Installation::Past::eventful};
  const Source source{there.directory(), {}, false, {}};
  const testing::ScratchDirectory scratch;
  std::string verifier_key;
  std::uint64_t size = 0;
};

TEST_F(Bundles, VerifyWithNothingButThemselvesInEveryFormat) {
  for (const auto* format : {"native", "ocsf", "ecs", "cef", "leef", "csv"}) {
    const auto made = export_events(source, question(format), out(format), {});
    EXPECT_EQ(made.manifest.done.events, size);
    const auto elsewhere = out(std::string(format) + "-copied");
    fs::copy(out(format), elsewhere, fs::copy_options::recursive);
    const auto checked = check_bundle(elsewhere, verifier_key, {});
    EXPECT_FALSE(checked.wrong) << format << ": " << *checked.wrong;
    EXPECT_EQ(checked.head_size, size);
    EXPECT_EQ(checked.unchecked.size(), 1u) << "names";
    EXPECT_EQ(check_bundle(elsewhere, "", {}).unchecked.size(), 2u) << "and whose key it is";
    for (const auto& file : fs::directory_iterator(out(format)))
      EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write) << file.path();
    EXPECT_EQ(fs::status(out(format)).permissions(), fs::perms::owner_all);
  }
}

TEST_F(Bundles, TellNoCodeThatCanStillBeRedeemedAndNobodyErased) {
  const auto made = export_events(source, question(), out(), {});
  std::string opened;
  for (const auto& line : lines_of(out() / bundle_file)) {
    const auto entry = *parse_entry(line);
    const auto event = *domain::EventView::parse(entry.event);
    if (entry.disclosed.key) opened += domain::encode_personal(*open_with(*entry.disclosed.key, event));
  }
  EXPECT_EQ(opened.find(there.open_code_text), std::string::npos);
  EXPECT_NE(opened.find(there.revoked_code_text), std::string::npos) << "this one is of no use any more";
  EXPECT_EQ(opened.find("Bob"), std::string::npos);
  EXPECT_NE(opened.find("Ada"), std::string::npos);
  const auto& withheld = made.manifest.done.withheld;
  EXPECT_EQ(withheld.at(Withheld::open_registration_code), 1u);
  EXPECT_EQ(withheld.at(Withheld::erased), 3u) << "created, a code, disabled; the erasure is sealed by the account";
  for (const auto& file : {"events.ndjson", "bundle.ndjson", "manifest.json"})
    EXPECT_EQ(read(out() / file).find(there.open_code_text), std::string::npos) << file;
}

TEST_F(Bundles, OfALogWithoutKeysAreStillProven) {
  const auto made = export_events({there.directory(), {}, true, {}}, question(), out(), {});
  EXPECT_EQ(made.manifest.done.keys, 0u);
  EXPECT_EQ(made.notes.size(), 1u);
  EXPECT_EQ(flaw(out()), "");
}

TEST_F(Bundles, OfARangeOrAFilter) {
  auto some = question();
  some.from = "#3";
  some.to = "#7";
  EXPECT_EQ(export_events(source, some, out("range"), {}).manifest.done.events, 5u);
  EXPECT_EQ(flaw(out("range")), "");
  auto codes = question();
  codes.filter = R"(sub_type eq "Registration Code")";
  const auto made = export_events(source, codes, out("codes"), {});
  EXPECT_LT(made.manifest.done.events, size);
  const auto checked = check_bundle(out("codes"), verifier_key, {});
  EXPECT_FALSE(checked.wrong) << *checked.wrong;
  EXPECT_EQ(checked.unchecked.size(), 2u) << "whether others match";
  auto wrong = question();
  wrong.filter = "nonsense";
  EXPECT_THROW(export_events(source, wrong, out("wrong"), {}), std::invalid_argument);
  EXPECT_FALSE(fs::exists(out("wrong")));
}

TEST_F(Bundles, ChangedByWhoKnowsTheManifestAreFoundAndNamed) {
  export_events(source, question(), out("good"), {});
  const keys::Key other(std::string_view("a key that opens nothing at all."));
  struct Case {
    std::string what;
    std::function<void(const fs::path&)> change;
    std::string said;
  };
  const auto entry = [](const std::function<void(BundleEntry&)>& change) {
    return [change](const fs::path& bundle) { change_entry(bundle, 4, change); };
  };
  const auto drop = [](std::size_t number) {
    return [number](const fs::path& bundle) {
      for (const auto& file : {std::string(bundle_file), std::string("events.ndjson")}) {
        auto lines = lines_of(bundle / file);
        lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(number));
        write_lines(bundle / file, lines);
      }
    };
  };
  const std::vector<Case> cases = {
      {"an altered byte of what is sealed", entry([](BundleEntry& e) {
         const auto sealed = domain::EventView::parse(e.event)->sealed();
         e.event[static_cast<std::size_t>(sealed.data() - e.event.data()) + 2] ^= 1;
       }),
       "sequence 5 (evt_"},
      {"an altered clear part", entry([](BundleEntry& e) {
         const auto id = domain::EventView::parse(e.event)->target().id;
         e.event[e.event.find(id.view()) + 15] ^= 1;
       }),
       "its clear part or what is sealed was altered"},
      {"another event's place", entry([](BundleEntry& e) { e.proof.front()[0] ^= 1; }), "its proof was altered"},
      {"a wrong key", entry([&](BundleEntry& e) { e.disclosed.key = other; }),
       "is not the one that the event commits to"},
      {"a key that is gone", entry([](BundleEntry& e) {
         e.disclosed = {{}, Withheld::open_registration_code};
       }),
       "with sequence 5"},
      {"another name", entry([](BundleEntry& e) { e.names.actor += "x"; }), "doesn't say what the event says"},
      {"a missing event", drop(4), "the event with sequence 5 is missing"},
      {"a missing first event", drop(0), "the event with sequence 1 is missing"},
      {"a missing last event", drop(size - 1), "its manifest says " + std::to_string(size)},
      {"a changed rendered line",
       [](const fs::path& bundle) {
         auto text = read(bundle / "events.ndjson");
         text.replace(text.find("\"success\""), 9, "\"failure\"");
         write(bundle / "events.ndjson", text);
       },
       "the line of the event with sequence 1 in"},
      {"a line more",
       [](const fs::path& bundle) { write(bundle / "events.ndjson", read(bundle / "events.ndjson") + "{}\n"); },
       "more lines than the bundle has events"},
      {"two events in another order",
       [](const fs::path& bundle) {
         auto lines = lines_of(bundle / bundle_file);
         std::swap(lines[4], lines[5]);
         write_lines(bundle / bundle_file, lines);
       },
       "the event with sequence 5 is missing"},
      {"a doubled event",
       [](const fs::path& bundle) {
         auto lines = lines_of(bundle / bundle_file);
         lines.insert(lines.begin() + 4, lines[4]);
         write_lines(bundle / bundle_file, lines);
       },
       "comes behind the one with sequence 5"},
      {"no entry", [](const fs::path& bundle) { write(bundle / bundle_file, "{}\n"); }, ":1: this is no event"},
  };
  for (const auto& [what, change, said] : cases) {
    const auto bundle = out("changed");
    fs::remove_all(bundle);
    fs::copy(out("good"), bundle, fs::copy_options::recursive);
    change(bundle);
    EXPECT_NE(flaw(bundle).find("its SHA-256 is another one"), std::string::npos) << what << ": " << flaw(bundle);
    rewrite_manifest(bundle);
    EXPECT_NE(flaw(bundle).find(said), std::string::npos) << what << ": " << flaw(bundle);
  }
}

TEST_F(Bundles, WithAForgedCheckpointAreRefused) {
  export_events(source, question(), out("good"), {});
  const keys::Key seed(std::string_view("a seed of somebody else: 32 byte"));
  const auto origin = notary::origin_of("example.com", there.account);
  const auto forged_by = notary::VerifierKey{origin, keys::public_key_of(seed)};
  const auto with = [&](const std::function<void(Manifest&)>& change) {
    fs::remove_all(out());
    fs::copy(out("good"), out(), fs::copy_options::recursive);
    rewrite_manifest(out(), change);
  };
  const auto digit = [](std::string& note) { note[note.find('\n') + 1] ^= 1; };
  with([&](Manifest& manifest) { digit(manifest.checkpoint); });
  EXPECT_NE(flaw(out()).find("the checkpoint is forged"), std::string::npos) << flaw(out());
  with([&](Manifest& manifest) {
    manifest.checkpoint = notary::sign_note(*notary::text_of_note(manifest.checkpoint), origin, seed);
    manifest.verifier_key = forged_by.text();
  });
  EXPECT_NE(flaw(out()).find("the checkpoint is forged"), std::string::npos) << "whoever knows the key isn't fooled";
  EXPECT_EQ(check_bundle(out(), "", {}).wrong.value_or(""), "") << "whoever doesn't must be told";
  EXPECT_NE(check_bundle(out(), "", {}).unchecked.front().find("only the bundle itself says"), std::string::npos);
  with([](Manifest& manifest) { manifest.checkpoint = "nonsense"; });
  EXPECT_NE(flaw(out()).find("no signed note"), std::string::npos);
  with([](Manifest& manifest) { manifest.question.account = domain::system_account(); });
  EXPECT_NE(flaw(out()).find("of another log"), std::string::npos);
  EXPECT_NE(check_bundle(out("good"), "nonsense", {}).wrong->find("--verifier-key"), std::string::npos);
}

TEST_F(Bundles, ThatAreNoneAreRefused) {
  EXPECT_NE(flaw(scratch.path()).find("it is no export"), std::string::npos);
  export_events(source, question("cef", false), out("plain"), {});
  EXPECT_NE(flaw(out("plain")).find("without a bundle"), std::string::npos);
  EXPECT_NE(read(out("plain") / "events.cef").find("192.0.2.1"), std::string::npos) << "what the keys open is in it";
  fs::remove_all(there.directory() / "heads");
  EXPECT_THROW(export_events(source, question(), out("unsigned"), {}), std::runtime_error);
}

TEST_F(Bundles, GoOnWhereTheyWereCutOff) {
  const auto whole = export_events(source, question(), out("whole"), {}).manifest;
  // As after a crash: the progress says three events, the files have more, and the last line is torn.
  export_events(source, question(), out(), {});
  auto manifest = *parse_manifest(read(out() / manifest_file));
  auto lines = lines_of(out() / bundle_file), rendered_lines = lines_of(out() / "events.ndjson");
  manifest.files.clear();
  auto& done = manifest.done;
  done.withheld.clear();
  done.events = done.last_sequence = done.sequence = 3;
  done.keys = 3;
  done.root = std::string(prove(source, {there.account, 1, 0, 3}, {}).at("root").as_string());
  done.sizes = {{std::string(bundle_file), (lines[0] + lines[1] + lines[2]).size()},
                {"events.ndjson", (rendered_lines[0] + rendered_lines[1] + rendered_lines[2]).size()}};
  write(out() / progress_file, json::serialize(to_json(manifest)));
  write(out() / bundle_file, lines[0] + lines[1] + lines[2] + lines[3] + "{\"sequ");
  fs::remove(out() / manifest_file);
  const auto resumed = export_events(source, question(), out(), {});
  EXPECT_TRUE(resumed.went_on);
  EXPECT_EQ(flaw(out()), "");
  for (const auto& file : {"events.ndjson", "bundle.ndjson"}) EXPECT_EQ(read(out() / file), read(out("whole") / file));
  EXPECT_EQ(resumed.manifest.done.withheld, whole.done.withheld);
  EXPECT_TRUE(export_events(source, question(), out(), {}).was_whole);
}

TEST_F(Bundles, GoOnThoughTheyHadHardlyBegun) {
  export_events(source, question("csv"), out("whole"), {});
  for (const bool progress : {false, true}) {
    const auto cut = out(progress ? "begun" : "made");
    fs::create_directory(cut);
    write(cut / "progress.json.new", "{");
    if (progress) {
      auto manifest = *parse_manifest(read(out("whole") / manifest_file));
      manifest.files.clear();
      manifest.done = {};
      write(cut / progress_file, json::serialize(to_json(manifest)));
      write(cut / "events.csv", "Ti");
    }
    export_events(source, question("csv"), cut, {});
    EXPECT_EQ(read(cut / "events.csv"), read(out("whole") / "events.csv"));
    EXPECT_EQ(flaw(cut), "");
  }
}

TEST_F(Bundles, AreNotMixedUp) {
  export_events(source, question(), out(), {});
  EXPECT_THROW(export_events(source, question("cef"), out(), {}), std::runtime_error) << "another question";
  write(scratch.path() + "/file", "x");
  EXPECT_THROW(export_events(source, question(), scratch.path(), {}), std::runtime_error) << "something else is there";
  EXPECT_THROW(export_events(source, question(), there.directory() / "out", {}), std::runtime_error)
      << "nothing is written below the data directory";
  EXPECT_FALSE(fs::exists(there.directory() / "out"));
  auto manifest = *parse_manifest(read(out() / manifest_file));
  manifest.files.clear();
  manifest.done.sequence = 3;
  manifest.done.root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  write(out() / progress_file, json::serialize(to_json(manifest)));
  fs::remove(out() / manifest_file);
  EXPECT_THROW(export_events(source, question(), out(), {}), std::runtime_error) << "begun with another log";
}

}  // namespace
}  // namespace countersign::replay
