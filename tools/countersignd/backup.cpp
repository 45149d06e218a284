#include "tools/countersignd/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "adapters/keys/log_identity.h"
#include "adapters/keys/master_rotation.h"
#include "adapters/notary/erasure_list.h"
#include "adapters/notary/signed_heads.h"
#include "adapters/queries/rfc3339.h"
#include "bus/frame_reader.h"
#include "domain/event.h"

namespace countersign::server {

namespace fs = std::filesystem;
namespace json = boost::json;

bus::LogIdentity identity_of(const keys::KeyStore& keys) {
  return keys::log_identity(keys);
}

namespace {

std::string cluster_text(const bus::LogIdentity& identity) {
  return keys::hex({reinterpret_cast<const char*>(identity.cluster.data()), identity.cluster.size()});
}

bool synced(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  return done;
}

/// Everything below `directory`, and its own entry, on disk. Empty, or what could not be.
std::string make_durable(const fs::path& directory) {
  const auto failure = [](const fs::path& path) { return path.string() + " can't be synced: " + std::strerror(errno); };
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    if (!synced(entry.path())) return failure(entry.path());
  for (const auto& path : {directory, directory.parent_path()})
    if (!path.empty() && !synced(path)) return failure(path);
  return {};
}

std::string try_backup(const BackupSource& source, const fs::path& directory) {
  std::error_code error;
  if (fs::exists(directory)) return directory.string() + " exists already: a backup is written to a new directory";
  fs::create_directory(directory, error);
  if (error) return directory.string() + " can't be made: " + error.message();
  fs::permissions(directory, fs::perms::owner_all);
  // The heads first: the log that is copied afterwards has all that they speak of.
  try {
    notary::copy_signed_heads(source.signed_heads, directory / "heads");
  } catch (const fs::filesystem_error& failed) {
    return std::string("the signed heads can't be copied: ") + failed.what();
  }
  // Then the log: every key that its frames need was durable before them, so the later copy of the keys has it.
  std::string log_failure;
  const auto copy_log = [&]() -> boost::system::error_code {
    const auto copied = source.log.checkpoint_to((directory / "log").string());
    if (!copied.has_error()) return {};
    log_failure = "the log can't be copied: " + copied.error().message();
    return copied.error();
  };
  if (const auto failed = source.keys.checkpoint_to(directory / "keys", copy_log))
    return log_failure.empty() ? "the keys can't be copied: " + failed.message() : log_failure;
  std::ofstream manifest(directory / "manifest.json");
  manifest << json::serialize(json::object{{"format", 1},
                                           {"version", COUNTERSIGN_VERSION},
                                           {"cluster", cluster_text(source.identity)},
                                           {"frame", bus::value(source.frame)},
                                           {"time", queries::rfc3339(source.time)},
                                           {"master_key_id", keys::hex(source.keys.master_id().view())}})
           << '\n';
  manifest.close();
  if (!manifest) return "the manifest can't be written";
  return make_durable(directory);
}

fs::path restore_mark(const DataDirectory& directory) {
  return directory.path() / "restoring";
}

/// Reads the whole log; a break in the chain would end it before the manifest's frame.
void verify(const Settings& settings, DataDirectory& directory, std::uint64_t least_frame) {
  const auto store = keys::open_with_master_file(directory.keys(), directory.master_key_file(settings),
                                                 keys::KeyStore::Mode::open_existing);
  const auto log =
      bus::EmbeddedLog::open_read_only({.directory = directory.log().string(), .identity = identity_of(*store)});
  bus::FrameReader reader(*log, identity_of(*store), store->cluster().log.key.view(), {});
  std::vector<keys::Subject> erased;
  for (;;) {
    const auto next = reader.next_frame();
    if (next.has_error()) throw StartRefused("the backup doesn't verify: " + reader.error_text());
    if (!*next) break;
    for (const auto bytes : (*next)->frame()->events) {
      const auto event = domain::EventView::parse(bytes);
      if (!event)
        throw StartRefused("the backup doesn't verify: frame " + std::to_string(bus::value((*next)->frame()->number)) +
                           " holds an unreadable event");
      if (event->type() == domain::EventType::user_erased)
        erased.push_back({event->account(), domain::UserId{event->subject().id}});
    }
  }
  std::uint64_t ignored = 0;
  for (const auto count : reader.ignored()) ignored += count;
  const auto acknowledged = log->acknowledged().number;
  if (reader.state().last < acknowledged)
    throw StartRefused("the backup doesn't verify: its log counts up to frame " +
                       std::to_string(bus::value(reader.state().last)) + " (" + std::to_string(ignored) +
                       " records don't count), its anchor says " + std::to_string(bus::value(acknowledged)));
  if (bus::value(reader.state().last) < least_frame)
    throw StartRefused("the backup doesn't verify: its log ends at frame " +
                       std::to_string(bus::value(reader.state().last)) + ", its manifest says " +
                       std::to_string(least_frame));
  if (const auto error = store->erase_subjects(erased))
    throw StartRefused("erasures can't be applied: " + error.message());
}

}  // namespace

void refuse_half_restored(const DataDirectory& directory) {
  if (fs::exists(restore_mark(directory)))
    throw StartRefused("a restoration into " + directory.path().string() +
                       " was broken off: remove log, keys, views and restoring there, and restore again");
}

void restore_ended(const DataDirectory& directory) {
  fs::remove(restore_mark(directory));
  synced(directory.path());
}

std::vector<keys::Subject> read_erasures(const Settings& settings, const keys::KeyStore& keys) {
  const auto refuse = [&](const std::string& why) {
    throw StartRefused("the list of erasures " + settings.restore_erasures + " " + why);
  };
  std::ifstream in(settings.restore_erasures, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) refuse("can't be read");
  auto known = keys.former_signing_keys();
  known.push_back(keys::public_key_of(keys.cluster().signing.key));
  if (!settings.restore_erasures_key.empty()) {
    const auto given = notary::parse_verifier_key(settings.restore_erasures_key);
    if (!given || given->name != notary::erasures_key_name)
      throw StartRefused("--erasures-key is no verifier key of lists of erasures: one begins with " +
                         std::string(notary::erasures_key_name) + "+");
    known.push_back(given->key);
  }
  const auto opened = notary::open_erasures(text, known, keys::log_identity(keys));
  if (const auto* why = std::get_if<std::string>(&opened)) refuse(*why);
  return std::get<notary::ErasureList>(opened).people;
}

std::string write_backup(const BackupSource& source, const fs::path& directory) {
  const bool existed = fs::exists(directory);
  auto failure = try_backup(source, directory);
  std::error_code ignored;
  if (!failure.empty() && !existed) fs::remove_all(directory, ignored);
  return failure;
}

void restore_files(const Settings& settings, DataDirectory& directory) {
  const fs::path backup = settings.restore_from;
  for (const auto& left : {directory.log(), directory.keys(), directory.views(), directory.operations(),
                           directory.merkle(), directory.heads(), directory.exports()})
    if (fs::exists(left))
      throw StartRefused("the data directory " + directory.path().string() + " isn't empty, " +
                         left.filename().string() + " is there: a backup is restored into an empty one");
  if (!settings.anchor_mirror.empty() && fs::exists(settings.anchor_mirror))
    throw StartRefused("the anchor mirror " + settings.anchor_mirror +
                       " belongs to the log before the restoration: move it away, a new one will be made");
  std::ifstream in(backup / "manifest.json");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::uint64_t frame = 0;
  try {
    const auto manifest = json::parse(text).as_object();
    if (manifest.at("format").to_number<int>() != 1)
      throw StartRefused(backup.string() + " was made by a later release");
    frame = manifest.at("frame").to_number<std::uint64_t>();
  } catch (const boost::system::system_error&) {
    throw StartRefused(backup.string() + " is not a backup: its manifest.json can't be read");
  }
  if (!fs::exists(directory.master_key_file(settings)))
    throw StartRefused("the master key that the backup was made under is needed in " +
                       directory.master_key_file(settings).string());
  if (!settings.restore_erasures.empty())
    read_erasures(settings, *keys::open_with_master_file(backup / "keys", directory.master_key_file(settings),
                                                         keys::KeyStore::Mode::read_only));
  if (!std::ofstream(restore_mark(directory)).put('\n') || !synced(directory.path()))
    throw StartRefused("the data directory " + directory.path().string() + " can't be written");
  try {
    fs::copy(backup / "log", directory.log(), fs::copy_options::recursive);
    fs::copy(backup / "keys", directory.keys(), fs::copy_options::recursive);
    if (fs::exists(backup / "heads")) fs::copy(backup / "heads", directory.heads(), fs::copy_options::recursive);
    for (const auto& copied : {directory.log(), directory.keys(), directory.heads()})
      if (!fs::exists(copied))
        continue;
      else if (const auto failure = make_durable(copied); !failure.empty())
        throw StartRefused(failure);
    verify(settings, directory, frame);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(directory.log(), ignored);
    fs::remove_all(directory.keys(), ignored);
    fs::remove_all(directory.heads(), ignored);
    restore_ended(directory);
    throw;
  }
}

}  // namespace countersign::server
