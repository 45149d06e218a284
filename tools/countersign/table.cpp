#include "tools/countersign/table.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "tools/countersign/text.h"

namespace countersign::cli {
namespace {

namespace json = boost::json;
constexpr std::size_t narrowest = 8;
constexpr std::string_view gap = "  ";

std::string text_of(const json::value& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return escaped(value.get_string());
  return escaped_json(json::serialize(value));
}

std::string tabbed(const std::vector<std::vector<std::string>>& rows) {
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) out.append(i == 0 ? "" : "\t").append(row[i]);
    out += '\n';
  }
  return out;
}

/// Takes from the widest columns until all fit.
void fit(std::vector<std::size_t>& widths, std::size_t available) {
  std::size_t sum = 0;
  for (const auto each : widths) sum += each + gap.size();
  while (sum > available + gap.size()) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= narrowest) return;
    --*widest;
    --sum;
  }
}

}  // namespace

std::string cell(const json::object& item, std::string_view path) {
  const json::object* at = &item;
  for (;;) {
    const auto dot = path.find('.');
    const auto* value = at->if_contains(path.substr(0, dot));
    if (!value) return "";
    if (dot == std::string_view::npos) return text_of(*value);
    at = value->if_object();
    if (!at) return "";
    path.remove_prefix(dot + 1);
  }
}

std::string table(const json::array& items, const std::vector<Column>& columns, std::size_t columns_of_terminal,
                  bool titles) {
  std::vector<std::vector<std::string>> rows;
  if (titles) rows.emplace_back();
  for (const auto& column : columns)
    if (titles) rows.front().push_back(column.title);
  for (const auto& item : items) {
    auto& row = rows.emplace_back();
    for (const auto& column : columns) row.push_back(item.is_object() ? cell(item.get_object(), column.path) : "");
  }
  if (columns_of_terminal == 0) return tabbed(rows);

  std::vector<std::size_t> widths(columns.size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  fit(widths, columns_of_terminal);
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto text = shortened(row[i], widths[i]);
      line += text;
      if (i + 1 < row.size()) line.append(widths[i] - width(text), ' ').append(gap);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

std::string details(const json::object& object) {
  std::size_t widest = 0;
  for (const auto& [name, value] : object) widest = std::max(widest, width(escaped(name)));
  std::string out;
  for (const auto& [name, value] : object) {
    const auto label = escaped(name);
    const auto text = text_of(value);
    out += label + ':';
    if (!text.empty()) out.append(widest - width(label) + 1, ' ').append(text);
    out += '\n';
  }
  return out;
}

}  // namespace countersign::cli
