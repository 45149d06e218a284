#pragma once
// Lists as tables: one row an item, columns taken from the item by path. On a terminal columns are aligned and cut to
// its width; otherwise cells are separated by tabs, for cut and awk. Everything is escaped (text.h).

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::cli {

struct Column {
  std::string title;
  std::string path;  ///< "email", or "code_validity.value" for what stands deeper
};

/// The value at `path` as a cell: texts as they are, null and absent as nothing, numbers and booleans as JSON has them.
std::string cell(const boost::json::object& item, std::string_view path);

/// `columns_of_terminal` 0: not a terminal. Without `titles`: what goes on a table begun before.
std::string table(const boost::json::array& items, const std::vector<Column>& columns, std::size_t columns_of_terminal,
                  bool titles = true);

/// One object as "name: value" lines.
std::string details(const boost::json::object& object);

}  // namespace countersign::cli
