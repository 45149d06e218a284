#include "tools/replay/export/manifest.h"

#include <fstream>
#include <stdexcept>

#include "adapters/keys/master_key.h"
#include "adapters/queries/rfc3339.h"
#include "bus/hash.h"

namespace countersign::replay {

namespace json = boost::json;

namespace {

constexpr int format = 1;

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}
json::value time_or_null(domain::UnixMs time) {
  return time == 0 ? json::value(nullptr) : json::value(queries::rfc3339(time));
}

std::string text_in(const json::object& object, std::string_view name) {
  const auto& value = object.at(name);
  return value.is_null() ? std::string() : std::string(value.as_string());
}
std::uint64_t number_in(const json::object& object, std::string_view name) {
  return object.at(name).to_number<std::uint64_t>();
}
domain::UnixMs time_in(const json::object& object, std::string_view name) {
  return queries::parse_rfc3339(text_in(object, name)).value_or(0);
}

json::object to_json(const ExportQuestion& question) {
  return {{"account", account_text(question.account)},
          {"from", text_or_null(question.from)},
          {"to", text_or_null(question.to)},
          {"filter", text_or_null(question.filter)},
          {"format", question.format},
          {"bundle", question.bundle}};
}

ExportQuestion read_question(const json::object& object) {
  const auto account = domain::parse_account(text_in(object, "account"));
  if (!account) throw std::invalid_argument("account");
  return {*account,
          text_in(object, "from"),
          text_in(object, "to"),
          text_in(object, "filter"),
          text_in(object, "format"),
          object.at("bundle").as_bool()};
}

json::object range(const Manifest& manifest) {
  const auto& done = manifest.done;
  return {{"first_sequence", done.first_sequence},       {"last_sequence", done.last_sequence},
          {"first_time", time_or_null(done.first_time)}, {"last_time", time_or_null(done.last_time)},
          {"end_sequence", manifest.end_sequence},       {"log_time", manifest.log_time}};
}

json::object counts(const ExportDone& done) {
  json::object withheld;
  for (const auto& [reason, events] : done.withheld) withheld[text_of(reason)] = events;
  return {{"events", done.events}, {"keys", done.keys}, {"withheld", std::move(withheld)}};
}

json::object progress(const ExportDone& done) {
  json::object sizes;
  for (const auto& [name, bytes] : done.sizes) sizes[name] = bytes;
  return {{"sequence", done.sequence}, {"root", done.root}, {"sizes", std::move(sizes)}};
}

void read_progress(const json::object& object, ExportDone& done) {
  done.sequence = number_in(object, "sequence");
  done.root = text_in(object, "root");
  for (const auto& [name, bytes] : object.at("sizes").as_object()) done.sizes[name] = bytes.to_number<std::uint64_t>();
}

Manifest read(const json::object& object) {
  if (object.at("format").to_number<int>() != format) throw std::invalid_argument("format");
  Manifest manifest;
  manifest.question = read_question(object.at("question").as_object());
  const auto& where = object.at("range").as_object();
  auto& done = manifest.done;
  done.first_sequence = number_in(where, "first_sequence");
  done.last_sequence = number_in(where, "last_sequence");
  done.first_time = time_in(where, "first_time");
  done.last_time = time_in(where, "last_time");
  manifest.end_sequence = number_in(where, "end_sequence");
  manifest.log_time = text_in(where, "log_time");
  const auto& counted = object.at("counts").as_object();
  done.events = number_in(counted, "events");
  done.keys = number_in(counted, "keys");
  for (const auto& [text, events] : counted.at("withheld").as_object()) {
    const auto reason = parse_withheld(text);
    if (!reason) throw std::invalid_argument("withheld");
    done.withheld[*reason] = events.to_number<std::uint64_t>();
  }
  manifest.checkpoint = text_in(object, "checkpoint");
  manifest.verifier_key = text_in(object, "verifier_key");
  if (const auto* how_far = object.if_contains("progress")) read_progress(how_far->as_object(), done);
  if (const auto* files = object.if_contains("files"))
    for (const auto& file : files->as_array())
      manifest.files.push_back({text_in(file.as_object(), "name"), text_in(file.as_object(), "sha256"),
                                number_in(file.as_object(), "bytes")});
  return manifest;
}

}  // namespace

json::object to_json(const Manifest& manifest) {
  json::object out{{"format", format},
                   {"made_by", "countersign-replay " COUNTERSIGN_VERSION},
                   {"question", to_json(manifest.question)},
                   {"range", range(manifest)},
                   {"counts", counts(manifest.done)},
                   {"checkpoint", text_or_null(manifest.checkpoint)},
                   {"verifier_key", text_or_null(manifest.verifier_key)}};
  if (manifest.files.empty()) {
    out["progress"] = progress(manifest.done);
    return out;
  }
  json::array files;
  for (const auto& file : manifest.files)
    files.push_back(json::object{{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  out["files"] = std::move(files);
  if (manifest.question.bundle)
    out["notes"] = json::array{
        "Keys of registration_code.generated events are left out while their codes can still be redeemed "
        "(open_registration_code).",
        "Events of erased people are here without a key: nobody can read what was personal in them (erased).",
        "Names in the rendered lines are those that the exporter's log had at its end; nothing proves them."};
  return out;
}

std::optional<Manifest> parse_manifest(std::string_view text) {
  boost::system::error_code error;
  const auto value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  try {
    return read(value.get_object());
  } catch (const std::exception&) {  // what at(), as_...() and to_number() throw
    return std::nullopt;
  }
}

std::string sha256_of_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error(file + " can't be read");
  bus::Sha256 hash;
  std::string piece(1 << 20, '\0');
  do {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    hash.update(std::string_view(piece.data(), static_cast<std::size_t>(in.gcount())));
  } while (in);
  if (!in.eof()) throw std::runtime_error(file + " can't be read");
  return keys::hex(bus::view(hash.finish()));
}

}  // namespace countersign::replay
