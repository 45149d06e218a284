#include "adapters/siem/notice.h"

#include <boost/json.hpp>
#include <charconv>

#include "adapters/keys/rfc4648.h"
#include "adapters/queries/rfc3339.h"
#include "adapters/siem/mapping.h"

namespace countersign::siem {
namespace {

namespace json = boost::json;

constexpr unsigned other = 99;
constexpr auto ocsf_class = OcsfClass::event_log_activity;
constexpr std::string_view severity = "informational", kind = "Notice";

json::object product() {
  return {{"name", product_name}, {"vendor_name", vendor_name}, {"version", COUNTERSIGN_VERSION}};
}

void put_checkpoint(json::object& out, const Notice& notice) {
  if (notice.checkpoint.empty()) return;
  out["size"] = notice.size;
  out["checkpoint"] = notice.checkpoint;
}

json::object native(const Notice& notice) {
  json::object out{{"type", notice.type},
                   {"id", notice.id},
                   {"account", notice.account},
                   {"time", queries::rfc3339(notice.time)},
                   {"severity", severity}};
  put_checkpoint(out, notice);
  return out;
}

json::object ocsf(const Notice& notice) {
  const auto& named = class_name(ocsf_class);
  const auto& level = severity_level(severity);
  json::object unmapped{{"mapping_version", mapping_version}};
  put_checkpoint(unmapped, notice);
  return {{"category_uid", named.category},
          {"category_name", named.category_name},
          {"class_uid", static_cast<unsigned>(ocsf_class)},
          {"class_name", named.name},
          {"activity_id", other},
          {"activity_name", notice.title},
          {"type_uid", static_cast<unsigned>(ocsf_class) * 100 + other},
          {"type_name", std::string(named.name).append(": Other")},
          {"severity_id", level.ocsf},
          {"severity", level.ocsf_name},
          {"time", notice.time},
          {"timezone_offset", 0},
          {"metadata",
           {{"version", ocsf_version},
            {"product", product()},
            {"uid", notice.id},
            {"event_code", notice.type},
            {"tenant_uid", notice.account}}},
          {"status_id", 1},
          {"status", "Success"},
          {"message", notice.title},
          {"log_name", notice.account},
          {"log_provider", product_name},
          {"log_type_id", 2},
          {"log_type", "Application"},
          {"unmapped", std::move(unmapped)}};
}

json::object ecs(const Notice& notice) {
  json::object own{{"mapping_version", mapping_version}};
  put_checkpoint(own, notice);
  return {{"@timestamp", queries::rfc3339(notice.time)},
          {"ecs", {{"version", ecs_version}}},
          {"message", notice.title},
          {"event",
           {{"kind", "event"},
            {"id", notice.id},
            {"code", notice.type},
            {"action", notice.type},
            {"category", json::array{"api"}},
            {"type", json::array{"info"}},
            {"outcome", "success"},
            {"severity", severity_level(severity).of_ten},
            {"module", "countersign"},
            {"dataset", "countersign.event"},
            {"provider", product_name}}},
          {"organization", {{"id", notice.account}}},
          {"observer", {{"vendor", vendor_name}, {"product", product_name}, {"version", COUNTERSIGN_VERSION}}},
          {"countersign", std::move(own)}};
}

std::string header(std::string_view format, const Notice& notice) {
  return std::string(format)
      .append("|")
      .append(vendor_name)
      .append("|")
      .append(product_name)
      .append("|")
      .append(COUNTERSIGN_VERSION "|")
      .append(notice.type);
}

/// What stands in a notice is ours: of characters that mean something only line breaks and = are there.
std::string cef_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '=' || c == '\\') out += '\\';
    c == '\n' ? out.append("\\n") : out.append(1, c);
  }
  return out;
}

std::string cef(const Notice& notice) {
  auto line = header("CEF:0", notice);
  line.append("|").append(notice.title).append("|").append(std::to_string(severity_level(severity).of_ten));
  line.append("|rt=").append(std::to_string(notice.time)).append(" externalId=").append(notice.id);
  line.append(" cat=").append(kind).append(" outcome=success msg=").append(notice.title);
  line.append(" cs1Label=Account cs1=").append(notice.account);
  if (!notice.checkpoint.empty())
    line.append(" cs6Label=Checkpoint cs6=")
        .append(cef_text(notice.checkpoint))
        .append(" cn1Label=Size cn1=")
        .append(std::to_string(notice.size));
  return line;
}

std::string leef(const Notice& notice) {
  auto line = header("LEEF:2.0", notice);
  auto time = queries::rfc3339(notice.time);
  time.pop_back();  // as in leef.cpp: SimpleDateFormat knows no "Z" as a zone
  line.append("|x09|devTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ\tdevTime=")
      .append(time)
      .append("+0000\tcat=")
      .append(kind);
  line.append("\tsev=").append(std::to_string(severity_level(severity).of_ten)).append("\tmsg=").append(notice.title);
  line.append("\teventId=").append(notice.id).append("\taccount=").append(notice.account).append("\toutcome=success");
  if (!notice.checkpoint.empty())
    line.append("\tsize=")
        .append(std::to_string(notice.size))
        .append("\tcheckpointBase64=")
        .append(keys::base64(notice.checkpoint));
  return line;
}

}  // namespace

Notice checkpoint_notice(domain::AccountId account, std::string note, domain::UnixMs time) {
  Notice notice{.type = "log.checkpoint", .title = "Signed checkpoint of the log"};
  notice.account = account_text(account);
  notice.time = time;
  // C2SP tlog-checkpoint: origin, size, root, a line each.
  if (const auto origin = note.find('\n'); origin != std::string::npos)
    std::from_chars(note.data() + origin + 1, note.data() + note.size(), notice.size);
  notice.id = "chk_" + notice.account.substr(notice.account.find('_') + 1) + "_" + std::to_string(notice.size);
  notice.checkpoint = std::move(note);
  return notice;
}

Notice test_notice(domain::AccountId account, std::string id, domain::UnixMs time) {
  Notice notice{.type = "siem_destination.test", .title = "Test of a SIEM destination"};
  notice.id = std::move(id);
  notice.account = account_text(account);
  notice.time = time;
  return notice;
}

std::string line_of(ExportFormat format, const Notice& notice) {
  switch (format) {
    case ExportFormat::native: return json::serialize(native(notice));
    case ExportFormat::ocsf: return json::serialize(ocsf(notice));
    case ExportFormat::ecs: return json::serialize(ecs(notice));
    case ExportFormat::cef: return cef(notice);
    case ExportFormat::leef: return leef(notice);
  }
  return {};
}

}  // namespace countersign::siem
