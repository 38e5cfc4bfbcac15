using System.Security.Cryptography;
using System.Text;
using AutoStack.Data;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;

namespace Platform.Building;

/// <summary>A bundled example: a folder of sources beside the program, in place of a repository.</summary>
/// <param name="Name">The name of the folder.</param>
/// <param name="Description">What it shows.</param>
internal sealed record Example(string Name, string Description)
{
    public const string BuildCommand = "sh build.sh";
    public const string OutputDir = "dist";

    private const string Host = "examples.example.com";

    public static IReadOnlyList<Example> All { get; } =
    [
        new("hello", "a small site that builds in seconds"),
        new("broken", "a site whose build fails"),
        new("slow", "a build of a minute, to be cancelled"),
    ];

    /// <summary>The address that stands for the folder: a project names a repository on a host.</summary>
    public string Address => $"https://{Host}/autostack/{Name}";

    /// <summary>The proof that an owner may deploy it.</summary>
    public RepositoryAccess Access => new() { Provider = WebhookProvider.GitHub, Host = Host, RepositoryId = $"example-{Name}" };

    private string Folder => Path.Combine(AppContext.BaseDirectory, "Examples", Name);

    public static Example? Find(string? name) => All.FirstOrDefault(example => example.Name == name);

    public static Example? FindByAddress(string address) => All.FirstOrDefault(example => example.Address == address);

    /// <summary>Copies the sources into a folder.</summary>
    /// <returns>The number of files.</returns>
    public int CopyTo(string folder) => Files.Copy(Folder, folder);

    /// <summary>A commit whose id is a hash of the sources.</summary>
    public CommitInfo Commit()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Path.GetRelativePath(Folder, file)));
            hash.AppendData(File.ReadAllBytes(file));
        }

        return new CommitInfo(Convert.ToHexStringLower(hash.GetHashAndReset())[..40], $"The bundled example '{Name}'", "AutoStack");
    }
}
