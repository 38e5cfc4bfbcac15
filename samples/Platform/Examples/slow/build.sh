# Counts to sixty, a second each: cancel it.
set -e
mkdir dist
count=1
while [ $count -le 60 ]; do
    echo "step $count of 60"
    count=$((count + 1))
    sleep 1
done
echo "<!doctype html><title>Slow</title><h1>It took a minute.</h1>" > dist/index.html
