using AutoStack.Data.Deployments;
using AutoStack.Data.Hosting;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// The pictures of the pages, drawn from the code: the folders from <see cref="Floors"/>, the life of a deployment from what the library
/// allows in each state, the way of a line from the names of the types. CONTRIBUTING.md has the command that draws them anew.
/// </summary>
public sealed class Pictures : DatabaseTests
{
    private const int Margin = 16;
    private const int Gap = 24;

    private static readonly DeploymentStatus[] Way = [.. DeploymentStatus.Known.Take(7)];

    [Test]
    public void Floors_of_the_code() => Check("floors.svg", DrawFloors());

    [Test]
    public void Way_of_a_log_line() => Check("log-line.svg", DrawLogLine());

    [Test]
    public async Task Life_of_a_deployment()
    {
        var moves = await MovesAsync();

        Assert.That(
            moves.Where(move => move.Name == nameof(IDeploymentLifecycle.AdvanceAsync)).Select(move => (move.From, move.To)),
            Is.EquivalentTo(Later(Way[1..^1])), "The caption says that steps may be left out.");
        Check("deployment.svg", DrawLife(moves));
    }

    private static IEnumerable<(DeploymentStatus From, DeploymentStatus To)> Later(DeploymentStatus[] steps) =>
        from first in steps.Index()
        from second in steps[(first.Index + 1)..]
        select (first.Item, second);

    private static SvgPicture DrawFloors()
    {
        string[] names = ["ground", "subjects", "upkeep", "composition"];
        string[] says =
        [
            "Postgres is the executor; no table is known here", "a folder owns the tables of its subject",
            "transactions of its own, over several subjects", "options, registration, the table of repositories",
        ];
        const int Width = 900;
        var y = Margin;
        var floors = Floors.FromTheGround.Index().Reverse().ToList();
        var rows = floors.Select(floor => Rows(floor.Item, Width - (2 * Margin))).ToList();
        var picture = new SvgPicture(
            Width, (2 * Margin) + rows.Sum(lines => 30 + (lines.Count * (SvgPicture.BoxHeight + 8))) + ((rows.Count - 1) * Gap),
            "The folders of the library on four floors; each depends on lower floors only.");
        foreach (var (index, floor) in floors.Index())
        {
            picture.Text(Margin, y + 16, $"{names[floor.Index]}: {says[floor.Index]}", fromHere: true);
            y += 30;
            foreach (var line in rows[index])
            {
                var x = Margin;
                foreach (var folder in line)
                {
                    picture.Box(x, y, BoxWidth(folder), folder == "." ? "AutoStack.Data" : folder);
                    x += BoxWidth(folder) + 8;
                }

                y += SvgPicture.BoxHeight + 8;
            }

            if (index < floors.Count - 1)
            {
                picture.Line(arrow: true, (Width / 2, y), (Width / 2, y + Gap));
                y += Gap;
            }
        }

        return picture;

        static int BoxWidth(string folder) => SvgPicture.WidthOf(folder == "." ? "AutoStack.Data" : folder) + 20;

        static List<List<string>> Rows(IEnumerable<string> folders, int width)
        {
            List<List<string>> lines = [[]];
            foreach (var folder in folders)
            {
                if (lines[^1].Sum(name => BoxWidth(name) + 8) + BoxWidth(folder) > width)
                {
                    lines.Add([]);
                }

                lines[^1].Add(folder);
            }

            return lines;
        }
    }

    private static SvgPicture DrawLogLine()
    {
        const int Width = 900;
        (string Name, string[] Says)[] steps =
        [
            ("build", ["prints a line", "on its standard output"]),
            (nameof(DeploymentJobLog), ["cuts it at 64 KiB,", "waits while the buffer is full"]),
            (nameof(ILogSecrets), ["puts *** in the place", "of registered values"]),
            (nameof(IDeploymentLogWriter), ["collects the lines of all", "builds for 0.1 s"]),
            ("INSERT", ["locks the log, numbers the", "lines: seq 1, 2, 3, …"]),
            ("NOTIFY", [$"{IDeploymentLogRepository.Channel}", "after the commit"]),
            (nameof(IDeploymentLogFollower), ["reads what comes after", "the cursor, once per line"]),
            ("browser", ["server-sent events, resumed", "by the id of the last one"]),
        ];
        const int BoxWidth = 192;
        const int Step = (Width - (2 * Margin) - BoxWidth) / 3;
        const int Row = 120;
        var picture = new SvgPicture(Width, Row + 70 + (2 * Margin), "The way of a log line from the build to the browser.");
        foreach (var (index, step) in steps.Index())
        {
            var x = Margin + (index % 4 * Step);
            var y = Margin + (index / 4 * Row);
            picture.Box(x, y, BoxWidth, step.Name, step.Says);
            if (index % 4 < 3)
            {
                picture.Line(arrow: true, (x + BoxWidth, y + 35), (x + Step, y + 35));
            }
            else if (index < steps.Length - 1)
            {
                const int Middle = Margin + 95;
                picture.Line(
                    arrow: true, (x + (BoxWidth / 2), y + 70), (x + (BoxWidth / 2), Middle), (Margin + (BoxWidth / 2), Middle),
                    (Margin + (BoxWidth / 2), Margin + Row));
            }
        }

        return picture;
    }

    private static SvgPicture DrawLife(IReadOnlyCollection<Move> moves)
    {
        const int BoxWidth = 106;
        const int Step = BoxWidth + 30;
        const int Top = 88;
        const int Bottom = Top + SvgPicture.BoxHeight;
        var picture = new SvgPicture(
            (2 * Margin) + (6 * Step) + BoxWidth, 270, "The states of a deployment, and the calls that lead from one to the next.");
        foreach (var (index, status) in Way.Index())
        {
            picture.Box(Left(index), Top, BoxWidth, status.Value);
            if (index > 0 && moves.Any(move => move.From == Way[index - 1] && move.To == status))
            {
                picture.Line(arrow: true, (Left(index) - 30, Top + 18), (Left(index), Top + 18));
            }
        }

        picture.Text(Left(1) - 15, Top - 6, "claim");
        picture.Text(Margin, 256, "AdvanceAsync leads to any later step: steps may be left out, and never go back.", fromHere: true);
        foreach (var early in Sources("SucceedAsync").Where(from => from < 5))
        {
            picture.Line(arrow: true, (Middle(early), Top), (Middle(early), Top - 20), (Middle(6), Top - 20), (Middle(6), Top));
        }

        picture.Text(Middle(6), Top - 26, "SucceedAsync");
        var released = Sources("ReleaseAsync").ToList();
        released.ForEach(from => picture.Line(arrow: false, (Middle(from) - 14, Top), (Middle(from) - 14, Top - 52)));
        picture.Line(arrow: true, (Middle(released.Max()) - 14, Top - 52), (Middle(0), Top - 52), (Middle(0), Top));
        picture.Text(Middle(2), Top - 58, "ReleaseAsync, RequeueExpiredAsync: back to its place in the queue");
        Bus("FailAsync", DeploymentStatus.Failed, Bottom + 48, 14);
        Bus("CancelAsync", DeploymentStatus.Cancelled, Bottom + 98, -14);
        return picture;

        static int Left(int index) => Margin + (index * Step);

        static int Middle(int index) => Left(index) + (BoxWidth / 2);

        IEnumerable<int> Sources(string name) => moves.Where(move => move.Name == name).Select(move => Array.IndexOf(Way, move.From));

        void Bus(string name, DeploymentStatus target, int y, int aside)
        {
            foreach (var from in Sources(name))
            {
                picture.Line(arrow: false, (Middle(from) + aside, Bottom), (Middle(from) + aside, y));
            }

            picture.Line(arrow: true, (Middle(Sources(name).Min()) + aside, y), (Left(6), y));
            picture.Text(Left(6) - 4 - (SvgPicture.WidthOf(name) / 2), y - 6, name);
            picture.Box(Left(6), y - 18, BoxWidth, target.Value);
        }
    }

    private static void Check(string name, SvgPicture picture)
    {
        var path = Path.Combine(SourceRoot.Path, "docs", "images", name);
        if (Environment.GetEnvironmentVariable("AUTOSTACK_REGENERATE") == "1")
        {
            File.WriteAllText(path, picture.ToString());
        }

        Assert.That(
            File.ReadAllText(path), Is.EqualTo(picture.ToString()),
            $"Draw docs/images/{name} anew: CONTRIBUTING.md has the command. Look at it, and at the text around it.");
    }

    // What the library allows: every call in every state, and the state afterwards.
    private async Task<IReadOnlyCollection<Move>> MovesAsync()
    {
        (string Name, Func<DeploymentClaim, Guid, Task<bool>> Call)[] calls =
        [
            .. Way[1..^1].Select(step => (nameof(Lifecycle.AdvanceAsync), (Func<DeploymentClaim, Guid, Task<bool>>)(async (claim, _) =>
                step != DeploymentStatus.Cloning && await Lifecycle.AdvanceAsync(claim, step, Token) == TransitionOutcome.Applied))),
            (nameof(Lifecycle.SucceedAsync), async (claim, _) =>
                await Lifecycle.SucceedAsync(claim, null, Token) == TransitionOutcome.Applied),
            (nameof(Lifecycle.FailAsync), async (claim, _) =>
                await Lifecycle.FailAsync(claim, "The build failed.", Token) == TransitionOutcome.Applied),
            (nameof(Lifecycle.ReleaseAsync), async (claim, _) =>
                claim.Key is not null && await Lifecycle.ReleaseAsync(claim, Token) == TransitionOutcome.Applied),
            (nameof(Deployments.CancelAsync), async (claim, ownerId) =>
                await Deployments.CancelAsync(claim.DeploymentId, ownerId, "No longer needed.", Token) == CancelOutcome.Cancelled),
            ("claim", async (claim, _) =>
                await Lifecycle.ClaimNextAsync(Token) is { } claimed && claimed.Deployment.Id == claim.DeploymentId),
        ];
        var moves = new List<Move>();
        foreach (var from in DeploymentStatus.Known)
        {
            foreach (var (name, call) in calls)
            {
                var (claim, ownerId) = await AtAsync(from);
                if (await call(claim, ownerId))
                {
                    moves.Add(new Move(name, from, (await Lifecycle.FindStatusAsync(claim.DeploymentId, Token))!.Value));
                }

                // Nothing is left for the next claim.
                await Deployments.CancelAsync(claim.DeploymentId, ownerId, reason: null, Token);
            }
        }

        return moves;
    }

    private async Task<(DeploymentClaim Claim, Guid OwnerId)> AtAsync(DeploymentStatus status)
    {
        var deployment = await EnqueueAsync();
        var claim = DeploymentClaim.WithoutLease(deployment.Id);
        if (status != DeploymentStatus.Queued)
        {
            claim = (await Lifecycle.ClaimNextAsync(new ClaimOptions { Lease = TimeSpan.FromHours(1) }, Token))!.Claim;
        }

        if (status == DeploymentStatus.Success)
        {
            await Lifecycle.AdvanceAsync(claim, DeploymentStatus.Building, Token);
            await Lifecycle.SucceedAsync(claim, null, Token);
        }
        else if (status == DeploymentStatus.Failed)
        {
            await Lifecycle.FailAsync(claim, "The build failed.", Token);
        }
        else if (status == DeploymentStatus.Cancelled)
        {
            await Deployments.CancelAsync(deployment.Id, deployment.UserId, "No longer needed.", Token);
        }
        else if (status != DeploymentStatus.Queued && status != DeploymentStatus.Cloning)
        {
            await Lifecycle.AdvanceAsync(claim, status, Token);
        }

        Assert.That(await Lifecycle.FindStatusAsync(deployment.Id, Token), Is.EqualTo(status));
        return (claim, deployment.UserId);
    }

    private sealed record Move(string Name, DeploymentStatus From, DeploymentStatus To);
}
