# Refuses a page without a title, as a compiler refuses a program.
set -e
mkdir dist
for text in pages/*.txt; do
    title=$(head -n 1 "$text")
    echo "checking $text"
    if [ -z "$title" ]; then
        echo "error: $text:1: the title is missing" >&2
        exit 3
    fi
done
