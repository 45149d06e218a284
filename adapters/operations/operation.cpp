#include "adapters/operations/operation.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>

#include "adapters/keys/master_key.h"
#include "adapters/operations/row_reports.h"
#include "bus/hash.h"

namespace countersign::operations {
namespace {

namespace json = boost::json;
constexpr std::string_view kinds[] = {"import_users", "generate_for_new_users", "erase_user", "import_hardware_tokens"};
constexpr std::string_view statuses[] = {"pending", "running", "done", "failed"};

json::object to_json(const Operation& op) {
  json::array ignored;
  for (const auto& column : op.ignored_columns) ignored.emplace_back(column);
  return {{"id", op.id.text()},
          {"account", account_text(op.account)},
          {"kind", static_cast<int>(op.kind)},
          {"status", static_cast<int>(op.status)},
          {"accepted", op.accepted},
          {"announced", op.announced},
          {"created_at", op.created_at},
          {"finished_at", op.finished_at},
          {"total", op.total ? json::value(*op.total) : json::value(nullptr)},
          {"done", op.done},
          {"failed", op.failed},
          {"created", op.created},
          {"updated", op.updated},
          {"unchanged", op.unchanged},
          {"ignored_columns", std::move(ignored)},
          {"failure", op.failure},
          {"actor_kind", static_cast<int>(op.actor.kind)},
          {"actor", domain::id_text("x", op.actor.id)},
          {"role", static_cast<int>(op.role)},
          {"correlation", domain::id_text("x", op.correlation)},
          {"content_type", op.content_type},
          {"dry_run", op.dry_run},
          {"user", op.user.text()}};
}

Operation from_json(const json::object& in) {
  const auto number = [&](const char* name) { return in.at(name).to_number<std::uint64_t>(); };
  const auto text = [&](const json::value& value) { return std::string(value.as_string()); };
  const auto choice = [&](const char* name, std::size_t choices) {
    if (number(name) >= choices) throw std::runtime_error(std::string(name) + " is not known");
    return number(name);
  };
  Operation op;
  op.id = domain::OperationId::parse(text(in.at("id"))).value();
  op.account = domain::parse_account(text(in.at("account"))).value();
  op.kind = static_cast<Kind>(choice("kind", std::size(kinds)));
  op.status = static_cast<Status>(choice("status", std::size(statuses)));
  // Before there were such marks, what ran had been accepted, and what had ended was announced.
  op.accepted = in.contains("accepted") ? in.at("accepted").as_bool() : op.status != Status::pending;
  op.announced = in.contains("announced") ? in.at("announced").as_bool() : op.ended();
  op.created_at = static_cast<domain::UnixMs>(number("created_at"));
  op.finished_at = static_cast<domain::UnixMs>(number("finished_at"));
  if (!in.at("total").is_null()) op.total = number("total");
  op.done = number("done");
  op.failed = number("failed");
  op.created = number("created");
  op.updated = number("updated");
  op.unchanged = number("unchanged");
  for (const auto& column : in.at("ignored_columns").as_array()) op.ignored_columns.push_back(text(column));
  op.failure = text(in.at("failure"));
  op.actor = {static_cast<domain::PartyKind>(number("actor_kind")),
              domain::parse_id("x", text(in.at("actor"))).value()};
  op.role = static_cast<domain::Role>(number("role"));
  op.correlation = domain::parse_id("x", text(in.at("correlation"))).value();
  op.content_type = text(in.at("content_type"));
  op.dry_run = in.at("dry_run").as_bool();
  op.user = domain::UserId::parse(text(in.at("user"))).value();
  return op;
}

boost::system::error_code last_error() {
  return {errno, boost::system::system_category()};
}

boost::system::error_code sync_path(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return last_error();
  const bool ok = ::fsync(fd) == 0;
  const auto error = ok ? boost::system::error_code{} : last_error();
  ::close(fd);
  return error;
}

/// Former releases kept the reports of rows in the operation's own file.
void move_rows(const json::array& rows, const std::filesystem::path& file) {
  if (rows.empty() || std::filesystem::exists(file)) return;
  RowReportWriter writer(file, [](std::size_t) { return true; });
  const auto text = [](const json::value& value) { return std::string(value.as_string()); };
  for (const auto& row : rows)
    writer.add({row.at("line").to_number<std::uint64_t>(), text(row.at("user_id")), text(row.at("code")),
                text(row.at("detail"))});
  if (const auto error = writer.publish()) throw std::runtime_error("its rows can't be stored: " + error.message());
}

/// Throws when they are not all there, as they were written.
void check_rows(const std::filesystem::path& file, std::uint64_t count) {
  RowReportReader reader(file, count);
  for (std::string text; reader.read(text, 64 * 1024); text.clear()) continue;
}

/// The first line of a file, over the rest: a changed digit is JSON, too.
std::string checksum(std::string_view text) {
  return keys::hex(bus::view(bus::sha256(text)));
}

/// An operation's file. Former releases kept the reports of rows in it.
struct Loaded {
  Operation operation;
  json::array rows;
};

/// Throws when it isn't one of ours, or not whole.
Loaded load_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!text.starts_with('{')) {  // else it was written before there were checksums
    const auto line = text.substr(0, text.find('\n'));
    text.erase(0, line.size() + 1);
    if (line != checksum(text)) throw std::runtime_error("its checksum is wrong");
  }
  const auto object = json::parse(text).as_object();
  Loaded loaded{from_json(object), {}};
  if (loaded.operation.id.text() != file.stem()) throw std::runtime_error("it is another operation's");
  if (const auto* rows = object.if_contains("rows")) loaded.rows = rows->as_array();
  return loaded;
}

/// With the reports of its rows.
Operation load_whole(const std::filesystem::path& file) {
  const auto [operation, rows] = load_file(file);
  auto beside = file;
  beside.replace_extension(".rows");
  move_rows(rows, beside);
  if (operation.announced) check_rows(beside, operation.failed);  // else a run writes them anew
  return operation;
}

domain::UnixMs changed_at(const std::filesystem::path& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 ? domain::UnixMs{status.st_mtim.tv_sec} * 1000 : 0;
}

void touch(const std::filesystem::path& file, domain::UnixMs now) {
  const timespec time{.tv_sec = now / 1000, .tv_nsec = 0}, times[] = {time, time};
  ::utimensat(AT_FDCWD, file.c_str(), times, 0);
}

}  // namespace

std::string_view text_of(Kind kind) {
  return kinds[static_cast<std::size_t>(kind)];
}
std::string_view text_of(Status status) {
  return statuses[static_cast<std::size_t>(status)];
}

OperationFiles::OperationFiles(std::filesystem::path directory) : directory_(std::move(directory)) {
  std::filesystem::create_directories(directory_);
  std::filesystem::permissions(directory_, std::filesystem::perms::owner_all);
}

boost::system::error_code OperationFiles::save(const Operation& operation) const {
  const auto file = directory_ / (operation.id.text() + ".json");
  auto fresh = file;
  fresh += ".new";
  {
    std::ofstream out(fresh, std::ios::trunc);
    const auto text = json::serialize(to_json(operation)) + '\n';
    out << checksum(text) << '\n' << text;
    out.flush();
    if (!out) return last_error();
  }
  if (const auto error = sync_path(fresh)) return error;
  boost::system::error_code error;
  std::error_code renamed;
  std::filesystem::rename(fresh, file, renamed);
  if (renamed) return {renamed.value(), boost::system::system_category()};
  return sync_path(directory_);
}

std::vector<Operation> OperationFiles::load_all(domain::UnixMs now,
                                                const std::function<void(std::string_view text)>& warn) const {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) files.push_back(entry.path());
  std::vector<Operation> found;
  std::set<std::string> known;
  for (const auto& file : files) {
    if (file.extension() != ".json") continue;
    const auto stem = file.stem().string();
    try {
      found.push_back(load_whole(file));
      known.insert(stem);
    } catch (const std::exception& error) {
      warn("the operation in " + file.string() + " can't be read and is set aside as " + stem +
           ".json.damaged: " + error.what());
      set_aside(now, stem);
    }
  }
  std::error_code ignored;
  for (const auto& file : files) {
    const auto extension = file.extension();
    const bool beside = extension == ".spool" || extension == ".rows";
    const bool orphan = extension == ".new" || (beside && !known.contains(file.stem().string()));
    const bool too_old = extension == ".damaged" && now - changed_at(file) > kept_ms;
    if (orphan || too_old) std::filesystem::remove(file, ignored);
  }
  return found;
}

std::optional<Operation> OperationFiles::load(domain::OperationId id) const {
  const auto file = directory_ / (id.text() + ".json");
  if (!std::filesystem::exists(file)) return std::nullopt;
  try {
    return load_file(file).operation;
  } catch (const std::exception& error) {
    throw std::runtime_error("the operation in " + file.string() + " can't be read: " + error.what());
  }
}

void OperationFiles::remove_old(domain::UnixMs now) const {
  std::vector<domain::OperationId> old;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    const auto id = domain::OperationId::parse(entry.path().stem().string());
    // Nothing is written to one that has ended: opening those of the last days can be spared.
    if (!id || entry.path().extension() != ".json" || now - changed_at(entry.path()) <= kept_ms) continue;
    try {
      const auto operation = load(*id);
      if (operation && operation->announced && now - operation->finished_at > kept_ms) old.push_back(*id);
    } catch (const std::exception&) {
      continue;  // the next start sets it aside
    }
  }
  for (const auto& id : old) remove(id);
}

void OperationFiles::set_aside(domain::UnixMs now, const std::string& stem) const {
  for (const auto* extension : {".json", ".spool", ".rows"}) {
    std::error_code failed;
    const auto file = directory_ / (stem + extension), aside = directory_ / (stem + extension + ".damaged");
    std::filesystem::rename(file, aside, failed);
    if (!failed) touch(aside, now);
  }
}

std::filesystem::path OperationFiles::spool_of(domain::OperationId id) const {
  return directory_ / (id.text() + ".spool");
}

std::filesystem::path OperationFiles::rows_of(domain::OperationId id) const {
  return directory_ / (id.text() + ".rows");
}

void OperationFiles::remove_spool(domain::OperationId id) const {
  std::error_code ignored;
  std::filesystem::remove(spool_of(id), ignored);
}

void OperationFiles::remove(domain::OperationId id) const {
  std::error_code ignored;
  std::filesystem::remove(directory_ / (id.text() + ".json"), ignored);
  std::filesystem::remove(rows_of(id), ignored);
  remove_spool(id);
}

}  // namespace countersign::operations
