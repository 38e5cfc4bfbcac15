using AutoStack.Data.AspNetCore;
using AutoStack.Data.Tests.Conventions;

namespace AutoStack.Data.Platform.Tests.Conventions;

public sealed class PublicSurface
{
    [Test]
    public void The_public_surface_matches_the_approved_file() =>
        ApprovedSurface.Check(typeof(AutoStackResults).Assembly, "AspNetCore.approved.txt");
}
