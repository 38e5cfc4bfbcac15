# Makes a page of each text in pages/, and waits a moment after each, so that there is something to watch.
set -e
mkdir dist
cp site.css dist/
for text in pages/*.txt; do
    name=$(basename "$text" .txt)
    title=$(head -n 1 "$text")
    {
        echo "<!doctype html><html lang=en><meta charset=utf-8><title>$title</title><link rel=stylesheet href=site.css>"
        echo "<h1>$title</h1>"
        tail -n +2 "$text" | sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/^..*$/<p>&<\/p>/'
    } > "dist/$name.html"
    echo "pages/$name.txt -> dist/$name.html ($(wc -c < "dist/$name.html") bytes)"
    sleep 0.2
done
echo "Built $(ls dist/*.html | wc -l) pages."
